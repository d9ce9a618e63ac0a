import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Shows what is added to log files, each line with the name of its source. By looking every 200 ms: services write to files, not
 * to pipes of ours, so that they can go on writing when the launcher is gone.
 */
export function tailLogs(
  files: readonly { readonly name: string; readonly file: string }[],
  show: (line: string) => void,
): () => void {
  const width = Math.max(...files.map(({ name }) => name.length));
  const readers = files.map(({ name, file }) => lineReader(file, (line) => show(`${name.padEnd(width)} | ${line}`)));
  const timer = setInterval(() => readers.forEach((read) => read()), 200);
  return () => {
    clearInterval(timer);
    readers.forEach((read) => read());
  };
}

function lineReader(file: string, show: (line: string) => void): () => void {
  const buffer = Buffer.alloc(64 * 1024);
  const decoder = new TextDecoder();
  let [position, rest] = [0, ''];
  return () => {
    let handle: number;
    try {
      handle = openSync(file, 'r');
    } catch {
      return; // Not written yet.
    }
    try {
      if (fstatSync(handle).size < position) position = 0; // Started afresh.
      for (
        let count = readSync(handle, buffer, 0, buffer.length, position);
        count > 0;
        count = readSync(handle, buffer, 0, buffer.length, position)
      ) {
        position += count;
        const lines = (rest + decoder.decode(buffer.subarray(0, count), { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        lines.forEach(show);
      }
    } finally {
      closeSync(handle);
    }
  };
}
