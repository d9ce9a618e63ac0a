import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import {
  defaultCaches,
  hasPackages,
  isExecutable,
  moveInto,
  withPackages,
  writableCache,
} from './distribution-packages.js';

export interface ObserveProgramsOptions {
  /** Receives a line about each slow step. */
  readonly log?: (line: string) => void;
  /** Tried in this order when they are not all on PATH. Default: the user's cache, then `.causeway` of this folder. */
  readonly caches?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Prometheus and Alertmanager, each with the tool that checks its files. */
export interface ObservePrograms {
  readonly prometheus: string;
  readonly promtool: string;
  readonly alertmanager: string;
  readonly amtool: string;
  /** Where the servers must be started: they look for their pages below it. */
  readonly cwd: string;
}

/** Debian renames Alertmanager. */
const names: Readonly<Record<Exclude<keyof ObservePrograms, 'cwd'>, readonly string[]>> = {
  prometheus: ['prometheus'],
  promtool: ['promtool'],
  alertmanager: ['prometheus-alertmanager', 'alertmanager'],
  amtool: ['amtool'],
};

/** The scripts are those of Prometheus' pages. With all that they say they need, it would be 300 MB. */
const packages = [
  'prometheus',
  'prometheus-alertmanager',
  'libjs-bootstrap4',
  'libjs-d3',
  'libjs-eonasdan-bootstrap-datetimepicker',
  'libjs-jquery',
  'libjs-jquery-hotkeys',
  'libjs-moment',
  'libjs-moment-timezone',
  'libjs-mustache',
  'libjs-popper.js',
  'libjs-rickshaw',
];

const howToInstall =
  'Install them: your package manager, or releases of prometheus/prometheus and prometheus/alertmanager put on PATH.';

/**
 * Finds the programs on PATH or in a cache; else downloads the distribution's packages and unpacks them there, without
 * root.
 * @throws with what to do where there is no Debian package manager.
 */
export async function observePrograms(options: ObserveProgramsOptions = {}): Promise<ObservePrograms> {
  const { log = () => undefined, caches = defaultCaches(), signal } = options;
  const installed = programsIn((process.env['PATH'] ?? '').split(delimiter).filter(Boolean), '/');
  if (installed) return installed;
  const kept = caches.map(folderIn).find((folder) => existsSync(folder));
  if (kept) return unpacked(kept);
  if (!(await hasPackages()))
    throw new Error(`Prometheus and Alertmanager are not installed and cannot be fetched here. ${howToInstall}`);
  const cache = writableCache(caches);
  if (!cache) throw new Error(`Prometheus is not installed, and none of ${caches.join(', ')} can be written.`);
  log('Prometheus is not installed: fetching the packages of this distribution (once, about 40 MB)');
  const take = async (root: string): Promise<ObservePrograms> => {
    relocate(unpacked(root));
    dropTimeZones(root);
    moveInto(folderIn(cache), root);
    return unpacked(folderIn(cache));
  };
  return withPackages(packages, cache, take, { log, signal }).catch((cause: unknown) => {
    throw new Error(`Prometheus could not be fetched: ${(cause as Error).message}\n${howToInstall}`, { cause });
  });
}

const folderIn = (cache: string): string => join(cache, 'prometheus');

function unpacked(root: string): ObservePrograms {
  const programs = programsIn([join(root, 'usr/bin')], root);
  if (!programs) throw new Error(`${root} does not hold all of Prometheus and Alertmanager; remove it and start again`);
  return programs;
}

/** All four or nothing: parts of different releases may not fit each other. */
function programsIn(folders: readonly string[], cwd: string): ObservePrograms | undefined {
  const find = (known: readonly string[]): string | undefined =>
    folders.flatMap((folder) => known.map((name) => join(folder, name))).find(isExecutable);
  const { prometheus, promtool, alertmanager, amtool } = names;
  const found = [prometheus, promtool, alertmanager, amtool].map(find);
  if (found.includes(undefined)) return undefined;
  const [first = '', second = '', third = '', fourth = ''] = found;
  return { prometheus: first, promtool: second, alertmanager: third, amtool: fourth, cwd };
}

/**
 * Debian has both servers read templates and pages from this folder, and no option says otherwise; Alertmanager does not
 * even start without them. In our copy the path becomes relative to the working directory. Its length stays, because it
 * stands in the middle of a compiled program.
 */
function relocate({ prometheus, alertmanager }: ObservePrograms): void {
  const [from, to] = ['/usr/share/prometheus/', 'usr/share/prometheus//'];
  for (const file of [prometheus, alertmanager]) {
    const program = readFileSync(file);
    for (let at = program.indexOf(from); at >= 0; at = program.indexOf(from, at)) program.write(to, at);
    writeFileSync(file, program);
  }
}

/** 210 MB of time zones in every form; the page reads one file of them. */
function dropTimeZones(root: string): void {
  const folder = join(root, 'usr/share/javascript/moment-timezone');
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (!name.endsWith('-with-data.min.js')) rmSync(join(folder, name), { recursive: true });
}
