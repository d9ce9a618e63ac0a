import { spawn } from 'node:child_process';
import { guard } from '@causeway/launcher/guard';

/** Something that the person at the terminal can put right: the message says how, and no stack trace follows. */
export class Refused extends Error {
  /** Of the whole command. */
  readonly exitCode: number = 1;
}

/** An experiment ended without a result: neither passed nor failed. */
export class Inconclusive extends Refused {
  override readonly exitCode = 2;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** For standard input. */
  readonly input?: string;
  /** Shows standard error, and with `inherit` all output, as it comes. */
  readonly output?: 'capture' | 'inherit';
  /** Default 60 000. The command is ended after it. */
  readonly timeoutMs?: number;
}

export type Command = readonly [program: string, ...args: string[]];

/** Runs a command to its end. Never rejects for an exit code; @throws Refused when the program is not there. */
export function run([program, ...args]: Command, options: RunOptions = {}): Promise<Outcome> {
  const { input, output = 'capture', timeoutMs = 60_000 } = options;
  const stdio = output === 'inherit' ? 'inherit' : 'pipe';
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: process.env,
      stdio: [input === undefined ? 'ignore' : 'pipe', stdio, stdio],
    });
    guard(child);
    let [stdout, stderr, late] = ['', '', false];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(error.code === 'ENOENT' ? new Refused(`${program} is not on the PATH.`) : error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (late) stderr += `\n${program} ${args[0] ?? ''} took longer than ${timeoutMs / 1_000} s and was ended`;
      resolve({ code: late ? 124 : (code ?? 1), stdout, stderr });
    });
    // A program that ends early closes its input; its exit code tells.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** Runs a command that must succeed. @throws Refused with what the command said. */
export async function must(command: Command, options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code === 0) return stdout;
  const said = stderr.trim() || stdout.trim();
  throw new Refused(`${command.join(' ')} failed (${code})${said ? `:\n${said}` : '; its output is above'}`);
}
