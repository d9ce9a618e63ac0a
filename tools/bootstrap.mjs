// Makes a clone ready to run: installs what package-lock.json says, generates the Prisma clients, builds. Runs before
// `npm start` and, with --no-build, before `npm test`. It runs on the host's own Node, before anything is installed:
// plain JavaScript, no dependencies.
import './launcher/stop-with-parent.mjs';
import './launcher/tolerate-output-errors.mjs';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => join(root, ...parts);
const logFile = inRoot('.causeway', 'logs', 'bootstrap.log');
const stampFile = inRoot('node_modules', '.cache', 'causeway', 'bootstrap.json');
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const required = { host: [20, 19], services: 24 };

/** A failure that the user can fix; shown without a stack. */
class Refused extends Error {}

async function main(args) {
  const unknown = args.filter((arg) => arg !== '--no-build');
  if (unknown.length > 0)
    throw new Refused(`unknown option ${unknown[0]}; the only one is --no-build (leave out the build)`);
  checkHost(process.versions.node, process.platform);
  const release = await takeLock();
  try {
    sideWrite(() => {
      makeDataFolder(inRoot('.causeway'));
      writeFileSync(
        logFile,
        `${new Date().toISOString()} node ${process.version}, ${process.platform}-${process.arch}\n`,
      );
    });
    const stamp = readStamp();
    if (!isInstalled()) await install();
    const node = nodeForServices();
    await generateAndBuild(node, stamp, args.includes('--no-build') ? 'generate' : 'build');
  } finally {
    release();
  }
}

/** The folder hides itself, secrets and all: after a rename, the repository's .gitignore names another one. */
export function makeDataFolder(folder) {
  mkdirSync(join(folder, 'logs'), { recursive: true });
  writeFileSync(join(folder, '.gitignore'), '*\n');
}

/** @param {string} version of the Node that runs this file, `20.19.0` */
export function checkHost(version, platform) {
  const [major, minor] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = required.host;
  if (platform === 'win32')
    throw new Refused(
      'Windows is supported through WSL only: open a Linux shell there and clone the repository inside it.',
    );
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    throw new Refused(
      `Node ${version} is too old: install Node ${required.host.join('.')} or later (nodejs.org), then run the same command again.`,
    );
  }
}

// --- dependencies ---

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/**
 * Whether the packages are those of the lock: by npm's own record, and by the folders themselves. Takes about 0.2 s.
 */
function isInstalled() {
  const { packages: locked } = readJson(inRoot('package-lock.json'));
  const installed = readInstalled();
  return sameTree(locked, installed) && notInstalled(root, installed).length === 0;
}

/** npm's own record of what it has installed: `{ 'node_modules/nx': { version: '23.2.1' } }`. */
function readInstalled() {
  try {
    return readJson(inRoot('node_modules', '.package-lock.json')).packages;
  } catch {
    return {};
  }
}

/** The packages of npm's record whose folder is missing or holds another version. */
export function notInstalled(folder, installed) {
  return Object.entries(installed)
    .filter(([path, { version, link }]) => {
      try {
        const found = readJson(join(folder, path, 'package.json'));
        // Some packages write `v1.0.0`, which npm takes for `1.0.0`.
        return !link && found.version.replace(/^v/, '') !== version;
      } catch {
        return true;
      }
    })
    .map(([path]) => path);
}

const platformName = () => `${process.platform}-${process.arch}`;

/**
 * Whether npm's record of what is installed agrees with the lock; optional packages of other platforms may be missing.
 */
export function sameTree(locked, installed) {
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '') return true;
    const there = installed[path];
    if (!there) return entry.optional === true || entry.devOptional === true || entry.peer === true;
    return there.version === entry.version && there.link === entry.link;
  });
}

async function install() {
  const npm = process.env.npm_execpath;
  // Inside `npm start` PATH begins with node_modules/.bin, which npm ci is about to replace: use the Node that runs npm
  // itself.
  const [command, before] = npm?.endsWith('.js')
    ? [process.env.npm_node_execpath ?? process.execPath, [npm]]
    : ['npm', []];
  await step(
    'installing dependencies (npm ci)',
    command,
    [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      env: { ...process.env, PATH: withoutLocalBin(process.env.PATH) },
      hint:
        'Check that npm reaches its registry (npm ping) and that the disk has 1.5 GB free, then run the same command again. ' +
        'If it says that package-lock.json and package.json are not in sync: npm install.',
    },
  );
}

const withoutLocalBin = (path = '') =>
  path
    .split(delimiter)
    .filter((folder) => folder !== inRoot('node_modules', '.bin'))
    .join(delimiter);

/** Node 24: npm has installed it on Linux; elsewhere the host's has to do. */
function nodeForServices() {
  const installed = inRoot('node_modules', '.bin', 'node');
  const candidates = [installed, process.execPath];
  for (const candidate of candidates) {
    const version = existsSync(candidate) ? versionOf(candidate) : undefined;
    if (version && Number(version.split('.')[0]) >= required.services) return candidate;
  }
  throw new Refused(
    `The services need Node ${required.services}. npm installs it on Linux (x64 and arm64, glibc); for ${platformName()} there is no such package, ` +
      `and the Node on PATH is ${process.versions.node}: install Node ${required.services} (nodejs.org) and run the same command again.`,
  );
}

function versionOf(node) {
  try {
    return execFileSync(node, ['-p', 'process.versions.node'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

// --- build ---

/** @param {'generate' | 'build'} goal */
async function generateAndBuild(node, stamp, goal) {
  // Asking Nx whether its cache is fresh takes 2 s; comparing names, sizes and times of all files takes 30 ms.
  if (stamp[goal] && stamp[goal] === fingerprint(goal)) return;
  const nx = realpathSync(inRoot('node_modules', '.bin', 'nx'));
  await step(
    goal === 'build' ? 'building' : 'generating database clients',
    node,
    [nx, 'run-many', '-t', goal, '--output-style=static'],
    {
      env: {
        ...process.env,
        PATH: `${inRoot('node_modules', '.bin')}${delimiter}${process.env.PATH}`,
        NX_DAEMON: 'false',
        NX_TUI: 'false',
        NO_COLOR: '1',
        FORCE_COLOR: '0',
        // `prisma generate` uses no engine, but looks for one and would download it: any executable satisfies it.
        PRISMA_SCHEMA_ENGINE_BINARY: node,
        CHECKPOINT_DISABLE: '1',
      },
      hint: `The whole output is in ${logFile}. After mending the cause run the same command again; npx nx reset forgets the build cache.`,
    },
  );
  writeStamp({ [goal]: fingerprint(goal) });
}

const skipped = new Set(['node_modules', '.git', '.nx', '.causeway', 'coverage', 'reports']);

/**
 * Over name, size and time of every file that matters to the goal, what was generated and built included: a deleted
 * `dist` is noticed.
 * @param {'generate' | 'build'} goal
 */
function fingerprint(goal) {
  const matters =
    goal === 'build' ? () => true : (path) => /[\\/](prisma|generated)[\\/]|prisma\.config\.ts$/.test(path);
  const hash = createHash('sha256').update(process.arch);
  const visit = (folder) => {
    for (const entry of readdirSync(inRoot(folder), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) visit(path);
      else if (entry.isFile() && matters(path)) hash.update(described(path));
    }
  };
  for (const folder of ['apps', 'libs', 'tools']) visit(folder);
  for (const file of ['package-lock.json', 'nx.json', '.swcrc', 'tsconfig.base.json']) hash.update(described(file));
  return hash.digest('hex');
}

function described(path) {
  const { size, mtimeMs } = statSync(inRoot(path));
  return `${path}\0${size}\0${mtimeMs}\n`;
}

// --- what was done before ---

/** The stamp of the last build lives in node_modules, so that it goes with them. */
function readStamp() {
  try {
    return statSync(stampFile).isFile() ? readJson(stampFile) : {};
  } catch {
    return {};
  }
}

function writeStamp(changes) {
  sideWrite(() => {
    mkdirSync(dirname(stampFile), { recursive: true });
    writeFileSync(stampFile, JSON.stringify({ ...readStamp(), ...changes }));
  });
}

/** A log line or a stamp that cannot be written does not end the work. @returns {boolean} whether it was written */
function sideWrite(write) {
  try {
    write();
    return true;
  } catch (error) {
    console.error(`- ${error.message}: going on without it`);
    return false;
  }
}

/** Two starts at the same time in one clone: the second waits until the first has installed and built. */
async function takeLock() {
  const lock = inRoot('.causeway', 'bootstrap.lock');
  mkdirSync(dirname(lock), { recursive: true });
  for (let shown = false; ; shown = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      const release = () => rmSync(lock, { force: true });
      process.once('exit', release);
      return release;
    } catch (error) {
      if (error.code !== 'EEXIST')
        throw new Refused(`${dirname(lock)} cannot be written: ${error.message}. ${remedyOfWrite(error)}`);
    }
    const owner = Number(readText(lock));
    if (!isAlive(owner)) rmSync(lock, { force: true });
    else if (!shown) console.log(`- another start (process ${owner}) is setting up this folder: waiting for it`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const remedyOfWrite = ({ code }) =>
  code === 'ENOSPC' || code === 'EDQUOT'
    ? 'Free some space (1.5 GB for the dependencies) and run the same command again.'
    : 'Clone the repository where you may write.';

function readText(file) {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// --- running and showing ---

/** Runs a command with its output in the log; what takes longer than 2 s is shown, with the seconds counting. */
async function step(title, command, args, { env, hint }) {
  const begun = Date.now();
  const seconds = () => Math.round((Date.now() - begun) / 1000);
  const progress = showProgress(title, seconds);
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lastOutput = logOutput(child);
  let stopped = false;
  const forward = (signal) => {
    stopped = true;
    child.kill(signal);
  };
  for (const signal of stopSignals) process.on(signal, forward);
  const result = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  for (const signal of stopSignals) process.off(signal, forward);
  progress.end(result === 0);
  if (stopped) throw new Refused('stopped; run the same command again to go on');
  if (result === 0) return;
  throw new Refused(`${title} failed (${result}). Its last lines:\n\n${await lastOutput()}\n\n${hint}`);
}

/**
 * Through our hands, so that a log on a full disk does not end the command that writes to it.
 * @returns {() => Promise<string>} its last lines; something it started may hold the pipes open longer than it lives
 */
function logOutput(child) {
  let tail = '';
  let broken = false;
  const onData = (text) => {
    tail = (tail + text).slice(-10_000);
    if (!broken) broken = !sideWrite(() => appendFileSync(logFile, text));
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onData);
  const closed = new Promise((resolve) => child.once('close', resolve));
  return async () => {
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    return tail.trimEnd().split('\n').slice(-25).join('\n');
  };
}

function showProgress(title, seconds) {
  const { isTTY } = process.stdout;
  let shown = false;
  const timer = setInterval(() => {
    if (seconds() < 2) return;
    if (isTTY) process.stdout.write(`\r\u001b[K- ${title}: ${seconds()} s`);
    else if (!shown || seconds() % 10 === 0) console.log(`- ${title}: ${seconds()} s`);
    shown = true;
  }, 1000);
  return {
    end: (done) => {
      clearInterval(timer);
      if (!shown) return;
      if (isTTY) process.stdout.write('\r\u001b[K');
      console.log(`${done ? '\u2713' : '\u2717'} ${title}: ${seconds()} s`);
    },
  };
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`\n${error instanceof Refused ? error.message : error.stack}\n`);
    process.exitCode = 1;
  });
}
