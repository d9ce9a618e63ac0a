import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { canReach, makeOwned, reachableFolder, type Account } from './account.js';

// No user of this machine has this id, so the bits for others decide.
const stranger: Account = { name: 'stranger', uid: 3_999_999, gid: 3_999_999 };
const asRoot =
  process.getuid?.() === 0 ? test : (title: string, _: () => void) => test(`${title} (needs root)`, () => undefined);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-account-'));
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, 'home/clone'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a folder is out of reach when any folder above it is closed', () => {
  expect(canReach(stranger, join(folder, 'home/clone'))).toBe(true);
  chmodSync(join(folder, 'home'), 0o700);
  expect(canReach(stranger, join(folder, 'home/clone'))).toBe(false);
  expect(canReach(stranger, join(folder, 'home/clone/not/yet/there'))).toBe(false);
});

test('what belongs to the account follows the bits of the owner', () => {
  chmodSync(join(folder, 'home'), 0o700);
  const { uid } = statSync(folder);
  expect(canReach({ ...stranger, uid }, join(folder, 'home'))).toBe(true);
});

test('an ordinary user keeps the data where it was wanted', () => {
  chmodSync(join(folder, 'home'), 0o700);
  expect(reachableFolder(undefined, join(folder, 'home/clone/data'))).toBe(join(folder, 'home/clone/data'));
});

asRoot(
  'root keeps the data where it was wanted if the account gets there, else always in the same folder of /var/tmp',
  () => {
    const wanted = join(folder, 'home/clone/data');
    expect(reachableFolder(stranger, wanted)).toBe(wanted);
    chmodSync(join(folder, 'home'), 0o700);
    const instead = reachableFolder(stranger, wanted);
    expect(instead).toMatch(/^\/var\/tmp\/causeway-[0-9a-f]{12}\/data$/);
    expect(reachableFolder(stranger, wanted)).toBe(instead);
    makeOwned(stranger, instead);
    expect(statSync(instead)).toMatchObject({ uid: stranger.uid });
    expect(statSync(instead).mode & 0o777).toBe(0o700);
    rmSync(dirname(instead), { recursive: true });
    expect(existsSync(instead)).toBe(false);
  },
);
