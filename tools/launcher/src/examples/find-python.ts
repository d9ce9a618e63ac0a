import { run } from '../run.js';
import { ProgramMissing, type PythonNeeds } from './example-files.js';

/**
 * Where a Python may be: the setting `PYTHON`, the first on the PATH, and that of the distribution. Its packages are
 * installed for the last one only, and a version manager often puts another one first.
 */
const candidates = (): string[] => [
  ...new Set([process.env['PYTHON'], 'python3', '/usr/bin/python3'].filter((each) => each !== undefined)),
];

/** Prints its version, and the modules that it does not have. */
const script = `
import importlib.util, json, sys
print(json.dumps([list(sys.version_info[:2]), [m for m in sys.argv[1:] if importlib.util.find_spec(m) is None]]))`;

interface Found {
  readonly program: string;
  readonly version: readonly [number, number];
  readonly missing: readonly string[];
}

async function look(program: string, modules: readonly string[]): Promise<Found | undefined> {
  try {
    // -P: what happens to lie in the current folder is no installed module.
    const { code, stdout } = await run([program, '-P', '-c', script, ...modules], { timeoutMs: 20_000 });
    if (code !== 0) return undefined;
    const [version, missing] = JSON.parse(stdout) as [[number, number], string[]];
    return { program, version, missing };
  } catch {
    return undefined;
  }
}

/** @returns true for 3.11 of "3.11" and for anything later. */
const isEnough = ([major, minor]: readonly [number, number], needed: string): boolean => {
  const [wantedMajor = 0, wantedMinor = 0] = needed.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
};

/**
 * Finds a Python that has everything an example needs.
 * @param programs Where to look. Default: the setting `PYTHON`, `python3` of the PATH, `/usr/bin/python3`.
 * @returns The program.
 * @throws ProgramMissing that says what is missing and how to get it.
 */
export async function findPython(needs: PythonNeeds, programs: readonly string[] = candidates()): Promise<string> {
  const found: Found[] = [];
  for (const program of programs) {
    const python = await look(program, Object.keys(needs.modules));
    if (!python || !isEnough(python.version, needs.version)) continue;
    if (python.missing.length === 0) return python.program;
    found.push(python);
  }
  // The one that lacks least is the one that its user means to use.
  const [closest] = found.sort((a, b) => a.missing.length - b.missing.length);
  const missing = closest?.missing ?? Object.keys(needs.modules);
  const packages = missing.map((module) => needs.modules[module] ?? module);
  const what = closest
    ? `${closest.program} (Python ${closest.version.join('.')}) lacks ${missing.join(', ')}`
    : `there is no Python ${needs.version} or later`;
  throw new ProgramMissing(
    `${what}. On Debian 12 or Ubuntu 24.04:\n\n  sudo apt-get install ${[...(closest ? [] : ['python3']), ...packages].join(' ')}\n\n` +
      'Another Python that has them is used if the variable PYTHON names it.',
  );
}
