import satisfies from 'spdx-satisfies';
import { nameOf, productionPackages, type Lock } from './lock.js';

/**
 * Licences that a product may be shipped under without asking anyone: permissive, and with no duty but to keep the
 * notice (the images keep every licence file). SPDX identifiers.
 */
export const allowed = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
];

/** A package that may be used although its licence is not in the list, with the reason a reviewer gave. */
export type Exceptions = Readonly<Record<string, string>>;

/** None so far. `'name@version': 'why, and who decided'`; the version, so that the next one is looked at again. */
export const exceptions: Exceptions = {};

export interface LicenceProblem {
  /** `name@version`. */
  readonly package: string;
  readonly what: string;
  readonly remedy: string;
}

/** What is wrong with the licences of the packages that go into images, the packages sorted by name. */
export function licenceProblems(lock: Lock, known: Exceptions = exceptions): LicenceProblem[] {
  const used = new Set<string>();
  const problems = productionPackages(lock).flatMap((place) => {
    const { version, license } = lock[place]!;
    const id = `${nameOf(place)}@${version}`;
    used.add(id);
    if (id in known) return [];
    const what = problemOf(license);
    const remedy = `Use another package, or let someone who may decide it add '${id}' to \`exceptions\`, or its licence to \`allowed\`, in tools/delivery/src/licences.ts.`;
    return what ? [{ package: id, what, remedy }] : [];
  });
  const stale = Object.keys(known).filter((id) => !used.has(id));
  return [
    ...problems,
    ...stale.map((id) => ({
      package: id,
      what: 'is excepted, but no image has it',
      remedy: `Remove '${id}' from \`exceptions\` in tools/delivery/src/licences.ts.`,
    })),
  ];
}

function problemOf(license: string | undefined): string | undefined {
  if (!license) return 'names no licence';
  try {
    return satisfies(license, allowed) ? undefined : `is under ${license}, which is not in the allow list`;
  } catch {
    return `is under “${license}”, which is no SPDX expression`;
  }
}

/** How many packages are under each licence: the most frequent first. */
export function licenceCounts(lock: Lock): [licence: string, packages: number][] {
  const counts = new Map<string, number>();
  for (const place of productionPackages(lock)) {
    const licence = lock[place]!.license ?? 'none';
    counts.set(licence, (counts.get(licence) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
