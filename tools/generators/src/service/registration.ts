import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { edit } from '../edit/file.js';
import { insert } from '../edit/list.js';
import { parse, propertyOf, valueOf } from '../edit/source.js';
import type { ServicePlan } from './plan.js';

export const servicesFile = 'tools/system/src/services.ts';

/** Adds the entry in the list of services, from which manifests, accounts, roles and ports follow. */
export async function addToList(tree: Tree, plan: ServicePlan): Promise<void> {
  const port = nextPort(tree.read(servicesFile, 'utf8') ?? '');
  await edit(tree, servicesFile, (text) => insert(valueOf(parse(text), 'entries'), entry(plan, port)));
}

const entry = ({ name, title, database, http, tokens }: ServicePlan, port: number): string =>
  [
    '{',
    `name: '${name}',`,
    `title: '${title}',`,
    `role: 'product',`,
    `port: ${port},`,
    ...(database ? [`database: '${name}',`] : []),
    'nats: true,',
    ...(tokens ? ['tokens: true,', `calls: { gateway: 'the keys that tokens are checked with' },`] : []),
    ...(http && database ? [`secrets: { CURSOR_SECRET: 'cursorSecret' },`] : []),
    '}',
  ].join('\n');

/**
 * The next port whose further instances, 10 higher each, and management port, 100 higher, meet none of another service.
 * @throws when ten services are there: the last digit tells them apart
 */
export function nextPort(text: string): number {
  const entries = valueOf(parse(text), 'entries');
  const used = ts.isArrayLiteralExpression(entries)
    ? entries.elements.map((each) => Number(propertyOf(each, 'port').getText()))
    : [];
  const digits = new Set(used.map((port) => port % 10));
  for (let port = 3000; port < 3010; port++) if (!digits.has(port % 10)) return port;
  throw new Error(
    `There is no free port: the last digit tells the instances of services apart, and ten services are listed in ${servicesFile}.`,
  );
}
