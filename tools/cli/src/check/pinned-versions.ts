import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckedRepository, TemplateFinding } from './finding.js';

/** A version that is written down somewhere. */
interface Pin {
  /** `package pg`, `image nats`, `action actions/checkout`. */
  readonly name: string;
  readonly version: string;
}

const pinned =
  /(^|\/)package\.json$|^docker\/[^/]*(ockerfile[^/]*|\.ya?ml|\.hcl)$|^k8s\/.*\.ya?ml$|^\.github\/|^\.gitlab-ci\.yml$/;

/** What a file pins. Exported for its test. */
export function pinsOf(file: string, text: string): Pin[] {
  if (file.endsWith('package.json')) {
    const json = JSON.parse(text) as Record<string, Record<string, unknown> | undefined>;
    const sections = ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides'];
    return sections.flatMap((section) =>
      Object.entries(json[section] ?? {}).flatMap(([name, version]) =>
        typeof version === 'string' && version !== '*' && !version.startsWith('$')
          ? [{ name: `package ${name}`, version }]
          : [],
      ),
    );
  }
  const images = text.matchAll(/(?:\bimage:\s*|^FROM\s+|_IMAGE\s*[=:]\s*)["']?([\w./-]+):([\w.-]+)/gm);
  const actions = text.matchAll(/\buses:\s*([\w./-]+)@(\S+)/g);
  return [
    ...[...images].map(([, name, version]) => ({ name: `image ${name}`, version: version! })),
    ...[...actions].map(([, name, version]) => ({ name: `action ${name}`, version: version! })),
  ];
}

/** Versions that are not those of the template, where both pin the same thing in the same file. */
export async function pinFindings({ root, files, template }: CheckedRepository): Promise<TemplateFinding[]> {
  if (template === undefined) return [];
  const theirs = new Set(template.files);
  const found = await Promise.all(
    files
      .filter((file) => pinned.test(file) && theirs.has(file) && existsSync(join(root, file)))
      .map(async (file) => {
        const expected = byName(pinsOf(file, (await template.read(file)) ?? '{}'));
        const ours = byName(pinsOf(file, readFileSync(join(root, file), 'utf8')));
        return [...ours].flatMap(([name, versions]) => compare(file, name, versions, expected.get(name)));
      }),
  );
  return found.flat();
}

function byName(pins: readonly Pin[]): Map<string, Set<string>> {
  const map = new Map<string, Set<string>>();
  for (const { name, version } of pins) map.set(name, (map.get(name) ?? new Set()).add(version));
  return map;
}

function compare(
  file: string,
  name: string,
  ours: ReadonlySet<string>,
  theirs: ReadonlySet<string> | undefined,
): TemplateFinding[] {
  const others = [...ours].filter((version) => theirs !== undefined && !theirs.has(version));
  return others.map((version) => {
    const expected = [...(theirs ?? [])].join(', ');
    const loose = !isExact(name, version) && [...(theirs ?? [])].every((one) => isExact(name, one));
    const newer = !loose && isNewer(version, expected);
    return {
      severity: newer ? 'note' : 'warning',
      check: 'versions',
      file,
      reason: loose
        ? `${name} is ${version} here, where the template pins ${expected}: what is built today is not what is built tomorrow`
        : `${name} is ${version} here and ${expected} in the template, which was tested with it${newer ? '; yours is newer' : ''}`,
      remedy: loose
        ? `Pin it.`
        : newer
          ? 'Nothing, if your tests pass.'
          : `Take ${expected}, or accept it in the record.`,
    };
  });
}

const isExact = (name: string, version: string): boolean =>
  name.startsWith('action ') ? /^[0-9a-f]{40}$/.test(version) : /^v?\d/.test(version);

/** Part by part; versions that are no numbers are never newer. */
function isNewer(version: string, than: string): boolean {
  const parts = (text: string): number[] =>
    (/^v?\d+(\.\d+)*/.exec(text)?.[0] ?? '').replace('v', '').split('.').map(Number);
  const [a, b] = [parts(version), parts(than)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [own, other] = [a[index] ?? 0, b[index] ?? 0];
    if (own !== other) return own > other;
  }
  return false;
}
