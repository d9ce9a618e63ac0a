// Imported first by everything that a script of package.json runs, and through NODE_OPTIONS by every Node process it
// starts with its own environment: npm, Nx, Jest and its workers, tsc, ESLint. Plain JavaScript without dependencies:
// it runs before anything is installed.
//
// When its parent is gone, such a process asks itself to stop, as `kill` would. Otherwise the rest would survive npm,
// which forwards only SIGINT and SIGTERM, and nothing when it is killed. The scripts begin with `exec`, so that the
// parent is npm and not a shell in between, which would take the signal and die alone. Servers are another matter: the
// watchdog stops those.
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const everyMs = 250;

/** npm died before this module was loaded: we belong to process 1 now. In a container npm may be process 1 itself. */
function orphaned() {
  try {
    return process.ppid === 1 && !/^(npm|node)/.test(readFileSync('/proc/1/cmdline', 'utf8'));
  } catch {
    return false; // No /proc: macOS.
  }
}

function watchParent() {
  const parent = orphaned() ? undefined : process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, everyMs);
  timer.unref();
}

if (isMainThread) {
  const flag = `--import=${import.meta.url}`;
  const { NODE_OPTIONS = '', npm_lifecycle_event } = process.env;
  const below = NODE_OPTIONS.includes(flag);
  // Started by hand, in the background perhaps, a process may outlive the shell; what it starts does not outlive the
  // process.
  if (below || npm_lifecycle_event !== undefined) watchParent();
  if (!below) process.env.NODE_OPTIONS = `${NODE_OPTIONS} ${flag}`.trim();
}
