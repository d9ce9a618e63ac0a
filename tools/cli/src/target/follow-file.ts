import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 200;

/** Yields the lines of a file; with `follow` also those that are added, until the signal aborts. */
export async function* followFile(
  path: string,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return; // It has not logged yet.
  try {
    const decoder = new TextDecoder();
    const buffer = Buffer.alloc(65_536);
    let rest = '';
    while (!signal.aborted) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead > 0) {
        const lines = (rest + decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      } else if (follow) await sleep(pollMs, undefined, { signal }).catch(() => undefined);
      else break;
    }
    if (rest !== '') yield rest;
  } finally {
    await file.close();
  }
}
