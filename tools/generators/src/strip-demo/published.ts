import { updateJson, type Tree } from '@nx/devkit';

const record = 'libs/contracts/published.json';
const routes = 'libs/contracts/src/http/routes.ts';

/** Names of contracts in code: subjects and operations. */
export const contractNamesIn = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/'([a-z-]+\.(?:evt|cmd|rpc)\.[a-z.\d-]+)'|operationId: '(\w+)'/g)].map(([, a, b]) => a ?? b!),
  );

/**
 * Takes contracts that are gone out of the record of what was published: nobody is left who could break over them.
 * @param before the list of routes with the demo
 * @param removed files of the demo's messages
 */
export function withoutContracts(tree: Tree, before: string, removed: readonly string[]): void {
  const left = contractNamesIn(tree.read(routes, 'utf8') ?? '');
  const gone = [before, ...removed].flatMap((text) => [...contractNamesIn(text)]).filter((name) => !left.has(name));
  updateJson<Record<string, unknown>>(tree, record, (published) => {
    for (const name of gone) delete published[name];
    return published;
  });
}
