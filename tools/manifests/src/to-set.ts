import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A value of an overlay that is not yours yet. */
export interface ToSet {
  /** From the root of the repository. */
  readonly file: string;
  readonly line: number;
  /** The text that has to change: `shop.example.org`, `TRUST_PROXY=10.0.0.0/8`. */
  readonly value: string;
  /** What belongs there. */
  readonly what: string;
  /** True for what leads nowhere until it is set; false for a default that may happen to be right. */
  readonly certain: boolean;
}

/** Names that no one can own (RFC 2606), and a digest that no image has. */
const reserved = /(?:[a-z0-9-]+\.)*(?:example\.(?:org|com|net)|[a-z0-9-]+\.(?:example|invalid|test))(?![\w.-]*[\w-])/g;
const noDigest = /sha256:0{64}/g;
const marker = /^\s*#\s*set:\s*(.+)$/;

/** The names in a text that are reserved for documentation. */
export const reservedNames = (text: string): readonly string[] => text.match(reserved) ?? [];

/**
 * Returns what the owner of an overlay has to put in, found in its files (nothing is rendered): names reserved for
 * documentation, digests of zeros, and every value below a comment `# set: …`. Components have nothing to set: overlays
 * patch it.
 * @param folder Of the overlay: `k8s/overlays/production`.
 */
export const valuesToSet = (root: string, folder: string): ToSet[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|env)$/.test(name))
    .sort()
    .flatMap((name) => inFile(join(folder, name), readFileSync(join(root, folder, name), 'utf8').split('\n')));

function inFile(file: string, lines: readonly string[]): ToSet[] {
  return lines.flatMap((text, index): ToSet[] => {
    const [, what] = marker.exec(text) ?? [];
    if (what !== undefined) return [{ file, what, certain: false, ...valueBelow(lines, index) }];
    if (/^\s*#/.test(text)) return [];
    const at = { file, line: index + 1, certain: true };
    return [
      ...reservedNames(text).map((value) => ({
        ...at,
        value,
        what: value.startsWith('registry.') ? 'your registry' : 'your own name',
      })),
      ...(text.match(noDigest) ?? []).map(() => ({ ...at, value: 'sha256:000…', what: 'the digest that was tested' })),
    ];
  });
}

function valueBelow(lines: readonly string[], index: number): { line: number; value: string } {
  const offset = lines.slice(index + 1).findIndex((line) => !/^\s*(#|$)/.test(line));
  const value = lines[index + 1 + offset]?.trim().replace(/^- /, '') ?? '';
  return { line: index + 2 + offset, value };
}

/** Equal values of a file in one row. */
export function toSetTable(root: string, overlays: readonly string[]): string {
  const rows = overlays.flatMap((overlay) => {
    const groups = Map.groupBy(
      valuesToSet(root, `k8s/overlays/${overlay}`),
      ({ file, what, value }) => `${value} ${what} ${file}`,
    );
    return [...groups.values()].map(([first, ...more]) => {
      const { file, value, what } = first!;
      const times = more.length > 0 ? ` (${more.length + 1} times)` : '';
      return `| ${overlay} | \`${file.replace(/^k8s\//, '')}\`${times} | \`${value}\` | ${what} |`;
    });
  });
  return ['| overlay | file | value now | what belongs there |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
