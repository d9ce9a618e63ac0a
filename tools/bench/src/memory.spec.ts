import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { residentBytes, treeBytes } from './memory.js';

test('a running process has resident memory, one that is gone has 0', async () => {
  expect(residentBytes(process.pid)).toBeGreaterThan(10_000_000);
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  expect(residentBytes(child.pid!)).toBe(0);
});

test('a tree holds its children', async () => {
  const before = treeBytes(process.pid);
  const child = spawn(process.execPath, [
    '-e',
    'globalThis.kept = Buffer.alloc(80e6, 1); console.log("ready"); setInterval(() => 0, 1000)',
  ]);
  try {
    await once(child.stdout, 'data');
    expect(treeBytes(process.pid) - before).toBeGreaterThan(60e6);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
