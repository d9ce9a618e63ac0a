import { spawn } from 'node:child_process';
import { guard } from './guard.js';

export type Command = readonly [program: string, ...args: string[]];

export interface CommandOptions {
  readonly cwd?: string;
  /** Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly account?: { readonly uid: number; readonly gid: number };
  /** For standard input. */
  readonly input?: string;
  /** `inherit` shows all output in the terminal instead of returning it. Default `capture`. */
  readonly output?: 'capture' | 'inherit';
  /** Receives each line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
  /** The command is killed after it, milliseconds. Default 600 000. */
  readonly timeoutMs?: number;
  /** Kills the command. */
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  /** 124 when the command ran into its timeout, as with `timeout(1)`. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, guarded. Rejects for no exit code;
 * @throws when the program cannot be started or is aborted.
 */
export function run([program, ...args]: Command, options: CommandOptions = {}): Promise<CommandResult> {
  const { cwd, env = process.env, account, input, output, onLine, timeoutMs = 600_000, signal } = options;
  const stdio = output === 'inherit' ? 'inherit' : 'pipe';
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env,
      ...account,
      stdio: [input === undefined ? 'ignore' : 'pipe', stdio, stdio],
      signal,
    });
    guard(child);
    // Not spawn's own timeout: of a program that cannot be started it keeps this process alive until the time is over.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    let [stdout, stderr, rest] = ['', '', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (onLine) lines.forEach(onLine);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (child.killed) stderr += `\n${program} ${args[0] ?? ''} was killed after ${timeoutMs / 1_000} s`;
      resolve({ code: child.killed ? 124 : (code ?? 1), stdout, stderr });
    });
    // A program that ends early closes its input; its exit code says why.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** A program that must succeed did not. The message holds the end of what it said. */
export class ProgramFailed extends Error {
  constructor(
    readonly command: Command,
    readonly code: number,
    said: string,
  ) {
    super(`${command.join(' ')} failed (${code}):\n${said}`);
  }
}

/** Runs a program that must succeed. @returns its trimmed standard output. @throws ProgramFailed */
export async function output(command: Command, options?: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code === 0) return stdout.trim();
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-30).join('\n');
  throw new ProgramFailed(command, code, said);
}
