import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { guard } from '@causeway/launcher/guard';
import type { Command } from '@causeway/launcher/run';

/** Yields what a program prints, line by line, until it or the signal ends. What it says of errors is dropped. */
export async function* childLines([program, ...args]: Command, signal: AbortSignal): AsyncGenerator<string> {
  const child = guard(spawn(program, args, { env: process.env, stdio: ['ignore', 'pipe', 'ignore'], signal }));
  child.on('error', () => undefined); // An abort, or no such program: there are no lines.
  try {
    yield* createInterface({ input: child.stdout, crlfDelay: Infinity });
  } finally {
    if (child.exitCode === null) child.kill();
  }
}
