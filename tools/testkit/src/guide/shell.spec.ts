import { tmpdir } from 'node:os';
import { GuideShell } from './shell.js';

let shell: GuideShell;
beforeEach(() => {
  shell = new GuideShell(tmpdir(), 20_000);
});
afterEach(() => shell.close());

test('variables stay from block to block, also with quotes and lines', async () => {
  await shell.execute(`POST=$(printf "it's\\n\\$5")`);
  expect(await shell.execute('echo "$POST"; echo oops >&2')).toBe("it's\n$5\noops\n");
});

test('a command that fails ends its block, and says what it said', async () => {
  await expect(shell.execute('echo before; false; echo behind')).rejects.toThrow(/failed \(1\):\nbefore\n$/);
});

test('it is no child of npm or Jest', async () => {
  expect(await shell.execute('env')).not.toMatch(/^(JEST_WORKER_ID|NODE_OPTIONS|npm_lifecycle_event)=|node_modules/m);
});

test('a command that stays up is stopped as by Ctrl-C before the next', async () => {
  const stays = `sh -c 'trap "echo bye >&2; exit" INT; echo up; while :; do sleep 0.1; done'`;
  await shell.start(stays, (said) => said === 'up\n');
  await shell.start(stays, (said) => said === 'up\n');
  await shell.stop();
  await expect(shell.start('echo early', () => false)).rejects.toThrow('echo early ended:\nearly');
});
