import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Protection } from './protections.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const recordFile = fileURLToPath(new URL('../../proofs.json', import.meta.url));
/** Folders that a running system needs; `k8s` has the rights of databases. */
const needed = ['apps', 'libs', 'tools', 'k8s', 'examples'];
const left = new Set(['node_modules', '.causeway', 'test', 'reports']);

/** What was seen when a protection was missing. */
export interface Proof {
  /** Day, `2026-11-28`. */
  readonly on: string;
  /** The first fault that the attack found. */
  readonly fault: string;
}
export type Proofs = Readonly<Record<string, Proof>>;

export const recordedProofs = (): Proofs =>
  existsSync(recordFile) ? (JSON.parse(readFileSync(recordFile, 'utf8')) as Proofs) : {};

/** The text of a file without the protection. @throws where the text to replace is not there exactly once */
export function without({ about, file, search, replacement }: Protection, text: string): string {
  const [before, after, ...more] = text.split(search);
  if (before !== undefined && after !== undefined && more.length === 0) return before + replacement + after;
  throw new Error(
    `“${about}”: ${file} has the text of this protection ${more.length + Number(after !== undefined)} times, not once`,
  );
}

/**
 * Takes each protection away in a copy of the built repository, starts a system from there, and carries out its attack,
 * which must find something. Adds to the record what was seen.
 * @returns the protections that nothing was found without
 */
export async function prove(
  protections: readonly Protection[],
  say: (line: string) => void,
): Promise<readonly Protection[]> {
  const copy = copyOf(root);
  const unseen: Protection[] = [];
  try {
    for (const protection of protections) {
      say(`without: ${protection.about} (${protection.attack})`);
      const fault = await faultWithout(copy, protection, say);
      if (fault === undefined) unseen.push(protection);
      else record(protection, fault);
      say(fault === undefined ? '  NOT SEEN' : `  seen: ${fault}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  return unseen;
}

function record({ about }: Protection, fault: string): void {
  const proofs = { ...recordedProofs(), [about]: { on: new Date().toISOString().slice(0, 10), fault } };
  const sorted = Object.fromEntries(Object.entries(proofs).sort(([one], [other]) => (one < other ? -1 : 1)));
  writeFileSync(recordFile, `${JSON.stringify(sorted, null, 2)}\n`);
}

/** A copy with packages of its own: those of the registry are linked, ours are the copies. */
function copyOf(folder: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'causeway-prove-'));
  for (const each of needed)
    cpSync(join(folder, each), join(copy, each), {
      recursive: true,
      filter: (path) => !left.has(basename(path)) && !path.endsWith('.spec.ts'),
    });
  for (const file of ['package.json', 'package-lock.json', '.swcrc']) cpSync(join(folder, file), join(copy, file));
  const packages = join(copy, 'node_modules');
  mkdirSync(join(packages, '@causeway'), { recursive: true });
  for (const name of readdirSync(join(folder, 'node_modules')))
    if (name !== '@causeway') symlinkSync(join(folder, 'node_modules', name), join(packages, name));
  for (const place of ['apps', 'libs', 'tools'])
    for (const name of readdirSync(join(copy, place), { withFileTypes: true }).filter((each) => each.isDirectory())) {
      symlinkSync(join(copy, place, name.name), join(packages, '@causeway', name.name));
      const nested = join(folder, place, name.name, 'node_modules');
      if (existsSync(nested)) symlinkSync(nested, join(copy, place, name.name, 'node_modules'));
    }
  return copy;
}

/** @returns the first fault that the attack found; undefined if it found none */
async function faultWithout(
  copy: string,
  protection: Protection,
  say: (line: string) => void,
): Promise<string | undefined> {
  const compiled = join(copy, protection.file.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
  const kept = readFileSync(compiled, 'utf8');
  const source = without(protection, readFileSync(join(copy, protection.file), 'utf8'));
  const { transform } = await import('@swc/core');
  const { code } = await transform(source, {
    filename: protection.file,
    configFile: join(copy, '.swcrc'),
    sourceMaps: false,
  });
  writeFileSync(compiled, code);
  try {
    const output = await attackFrom(copy, protection);
    const [, fault] = /^FOUND .*\n +(.*)$/m.exec(output) ?? [];
    if (fault === undefined && !/^withstood/m.test(output)) say(`  the system did not start:\n${output.slice(-2_000)}`);
    // Without how fast-check came to it: what it saw is enough for a table.
    return fault?.split(' (after ')[0]?.slice(0, 200);
  } finally {
    writeFileSync(compiled, kept);
  }
}

function attackFrom(copy: string, { attack, thorough = false }: Protection): Promise<string> {
  const command = join(copy, 'tools/security/dist/security-command.js');
  const child = spawn(process.execPath, [command, '--only', attack, ...(thorough ? [] : ['--fast'])], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve, reject) => child.once('error', reject).once('close', () => resolve(output)));
}
