import {
  authorisation,
  gatewayEndpoints,
  managementEndpoints,
  peopleScopes,
  roles,
  routes,
  scopesOf,
  scopesOfRoute,
  type EndpointAccess,
  type Permission,
} from '@causeway/contracts';
import { withParts, type GeneratedFile } from './generated-file.js';

const holders = [...roles, 'machine'] as const;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Who may do what, as a page for people. */
export const authorisationPage = (): GeneratedFile =>
  withParts('docs/reference/authorisation.md', {
    operations: table(
      ['operation', 'no token', ...holders, 'scope'],
      routes.map((route) => [
        `\`${route.method.toUpperCase()} ${route.path}\``,
        ...cellsOf(authorisation[route.operationId] ?? {}),
        scopesOfRoute(route).map(code).join(' or ') || '–',
      ]),
    ),
    scopes: table(
      ['scope', ...holders],
      [...new Set([...peopleScopes, ...scopesOf.machines])].map((scope) => [
        code(scope),
        ...holders.map((holder) =>
          scopesOf[holder === 'machine' ? 'machines' : holder].includes(scope) ? 'yes' : '–',
        ),
      ]),
    ),
    gateway: endpoints(gatewayEndpoints),
    management: endpoints(managementEndpoints),
  });

const code = (text: string): string => `\`${text}\``;

function cellsOf(row: Permission): string[] {
  if (typeof row !== 'string') return ['–', ...holders.map((holder) => row[holder] ?? '–')];
  return row === 'everybody' ? ['yes', ...holders.map(() => 'yes')] : [row, ...holders.map(() => '–')];
}

const endpoints = (each: readonly EndpointAccess[]): string =>
  table(
    ['path', 'who', 'token'],
    each.map(({ path, method, who, token }) => [
      code(method ? `${method} ${path}` : path),
      who,
      token ? code(token) : '–',
    ]),
  );
