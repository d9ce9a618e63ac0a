import { overlays, render, budgetTable, secretsOf, toSetTable } from '@causeway/manifests';
import { authorisationPage } from './authorisation.js';
import { callGraph } from '@causeway/system/topology';
import { root, withParts, type GeneratedFile } from './generated-file.js';

const kindReadme = 'k8s/overlays/kind/README.md';
const ownCluster = 'docs/guides/own-cluster.md';

/** Known without kubectl, too. */
export const renderedFiles: readonly string[] = [kindReadme, ownCluster];

/** Tables in documents that follow from the rendered manifests. Needs kubectl. */
export const renderedTables = (): GeneratedFile[] => [
  withParts(kindReadme, { budget: budgetTable(render('kind')) }),
  withParts(ownCluster, { secrets: secretsTable() }),
];

/** Tables that follow from the list of services, and from the files of the overlays as they are. */
export const tables = (): GeneratedFile[] => [
  authorisationPage(),
  withParts('docs/guides/kubernetes.md', { flows: flowsTable() }),
  withParts(ownCluster, { 'to-set': toSetTable(root, ['staging', 'production']) }),
];

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
