import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGraph, natsServerConfig } from '@causeway/system/topology';
import { budgetTable } from './budget/totals.js';
import { overlays, render, root } from './render.js';
import { secretsOf } from './secrets.js';
import { toSetTable } from './to-set.js';

/** A file of the repository that is generated, or that has a generated part. */
export interface Generated {
  /** From the root of the repository. */
  readonly file: string;
  /** The whole file as it should be. */
  readonly text: string;
}

/** What follows from the contracts and from the manifests. `npm run k8s:generate` writes it, a test compares. */
export function generated(): Generated[] {
  const kind = render('kind');
  return [
    { file: 'k8s/components/nats/nats.conf', text: natsServerConfig() },
    withPart('k8s/overlays/kind/README.md', 'budget', budgetTable(kind)),
    withPart('k8s/README.md', 'secrets', secretsTable(), 'to-set', toSetTable(root, ['staging', 'production'])),
    withPart('docs/guides/kubernetes.md', 'flows', flowsTable()),
  ];
}

/** The file with each part between `<!-- generated: name -->` and `<!-- end -->` replaced. @param parts Names and texts in turn. */
function withPart(file: string, ...parts: readonly string[]): Generated {
  let text = readFileSync(join(root, file), 'utf8');
  for (let at = 0; at < parts.length; at += 2) {
    const place = new RegExp(`(<!-- generated: ${parts[at]} -->)[^]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`${file} has no <!-- generated: ${parts[at]} --> … <!-- end -->`);
    text = text.replace(place, (_, begin: string, end: string) => `${begin}\n\n${parts[at + 1]}\n\n${end}`);
  }
  return { file, text };
}

function secretsTable(): string {
  const perOverlay = overlays.map((overlay) => [overlay, secretsOf(render(overlay))] as const);
  const names = [...new Set(perOverlay.flatMap(([, secrets]) => Object.keys(secrets)))].sort();
  const rows = names.map((name) => {
    const places = perOverlay.filter(([, secrets]) => name in secrets);
    const keys = [...new Set(places.flatMap(([, secrets]) => secrets[name] ?? []))].sort();
    const where = places.length === overlays.length ? 'all' : places.map(([overlay]) => overlay).join(', ');
    return `| \`${name}\` | ${keys.map((key) => `\`${key}\``).join(' ')} | ${where} |`;
  });
  return ['| Secret | keys | overlays |', '| --- | --- | --- |', ...rows].join('\n');
}

const flowsTable = (): string =>
  [
    '| from | to | port | why |',
    '| --- | --- | --- | --- |',
    ...callGraph.map(({ from, to, port, why }) => `| ${from} | ${to} | ${port} | ${why} |`),
  ].join('\n');

/** Prettier pads the columns of tables. */
export const withoutPadding = (text: string): string =>
  text
    .replaceAll(/ +/g, ' ')
    .replaceAll(/-{3,}/g, '---')
    .replaceAll(/\n{2,}/g, '\n');
