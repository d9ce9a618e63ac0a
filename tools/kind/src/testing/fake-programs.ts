import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The answer of a fake program to command lines that begin with `to`. The last of several is repeated. */
export interface FakeAnswer {
  readonly to: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
  /** It prints and does not end. */
  readonly hangs?: boolean;
}

/** kubectl, kind and docker that only record their command lines. `kubectl kustomize` is the real one. */
export class FakePrograms {
  readonly folder = mkdtempSync(join(tmpdir(), 'causeway-kind-'));
  private readonly path = process.env['PATH'];

  constructor(names: readonly string[] = ['kubectl', 'kind', 'docker']) {
    for (const name of names) {
      const [file, code] = [join(this.folder, name), join(this.folder, `${name}.cjs`)];
      writeFileSync(code, script(this.folder, name, realPath('kubectl')));
      // Not by a line `#!`: the path of node may hold spaces.
      writeFileSync(file, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(code)} "$@"\n`, { mode: 0o755 });
    }
    this.answer([]);
    // Nothing of this machine but node, sh and what they need.
    process.env['PATH'] = [this.folder, '/bin', '/usr/bin'].join(delimiter);
  }

  answer(answers: readonly FakeAnswer[]): void {
    writeFileSync(join(this.folder, 'answers.json'), JSON.stringify(answers));
    rmSync(join(this.folder, 'asked.jsonl'), { force: true });
  }

  /** Every command line so far, without --context and --namespace. */
  get asked(): string[] {
    return this.calls.map(({ line }) => line);
  }

  get calls(): { line: string; context: string | undefined; input: string }[] {
    const file = join(this.folder, 'asked.jsonl');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: string; context: string | undefined; input: string });
  }

  remove(): void {
    process.env['PATH'] = this.path;
    // Retries, because a kubectl that was just killed may still be writing its note of the call.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

function realPath(name: string): string {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8', env: process.env }).trim();
  } catch {
    return '';
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const script = (folder: string, name: string, kubectl: string): string => `
const { appendFileSync, readFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const args = process.argv.slice(2);
if (args[0] === 'kustomize') process.exit(spawnSync(${JSON.stringify(kubectl)}, args, { stdio: 'inherit' }).status);
const take = (flag) => { const at = args.indexOf(flag); return at < 0 ? undefined : args.splice(at, 2)[1]; };
const context = take('--context');
take('--namespace');
const line = [${JSON.stringify(name)}, ...args].join(' ');
const input = args.includes('--filename=-') ? readFileSync(0, 'utf8') : '';
const before = (() => { try { return readFileSync(${JSON.stringify(join(folder, 'asked.jsonl'))}, 'utf8').trim().split('\\n').map((each) => JSON.parse(each).line); } catch { return []; } })();
appendFileSync(${JSON.stringify(join(folder, 'asked.jsonl'))}, JSON.stringify({ line, context, input }) + '\\n');
const answers = JSON.parse(readFileSync(${JSON.stringify(join(folder, 'answers.json'))}, 'utf8')).filter(({ to }) => line.startsWith(to));
const number = before.filter((each) => answers.length > 0 && each.startsWith(answers[0].to)).length;
const answer = answers[Math.min(number, answers.length - 1)] ?? {};
process.stdout.write(answer.stdout ?? '');
process.stderr.write(answer.stderr ?? '');
process.exitCode = answer.code ?? 0;
if (answer.hangs) setTimeout(() => undefined, 300_000);
`;
