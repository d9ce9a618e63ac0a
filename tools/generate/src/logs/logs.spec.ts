import { read } from '../generated-file.js';
import { indexTemplate, logFields } from './elasticsearch.js';
import { savedObjects } from './kibana.js';

const known = new Set([
  '@timestamp',
  '___records___',
  ...logFields.flatMap(({ name, mapping }) => [
    name,
    ...('fields' in mapping ? [`${name}.keyword`] : []),
    ...Object.keys('properties' in mapping ? (mapping.properties ?? {}) : {}).map((inner) => `${name}.${inner}`),
  ]),
]);
const unknown = (names: Iterable<string>): string[] => [...new Set(names)].filter((name) => !known.has(name));
/** `level: (warn or error) and status >= 500` names `level` and `status`. */
const fieldsOf = (kql: string): string[] => [...kql.matchAll(/([\w.@]+)\s*(?::|[<>]=?)/g)].map(([, name]) => name!);

test('queries, columns and the fields that are searched by default are fields of the schema', () => {
  const texts = savedObjects().map(({ attributes }) => JSON.stringify(attributes).replaceAll('\\"', '"'));
  const all = (pattern: RegExp) => texts.flatMap((text) => [...text.matchAll(pattern)].map(([, found]) => found!));
  const queries = all(/"query":"([^"]+)"/g);
  const columns = [
    ...all(/"sourceField":"([^"]+)"/g),
    ...all(/"columns":\["([^\]]+)"\]/g).flatMap((list) => list.split('","')),
  ];
  expect([queries.length, columns.length].map((count) => count > 7)).toEqual([true, true]);
  const byDefault = indexTemplate.template?.settings?.['index']?.query?.default_field ?? [];
  expect(unknown([...queries.flatMap(fieldsOf), ...columns, ...byDefault])).toEqual([]);
});

test('queries in the guide name fields of the schema', () => {
  const queries = [...read('docs/guides/logs.md').matchAll(/^\| [^|`]+\| `([^`]+)` +\|$/gm)].map(([, query]) => query!);
  expect(queries.length).toBeGreaterThan(4);
  expect(unknown(queries.flatMap(fieldsOf))).toEqual([]);
});

test('whatever a saved object refers to stands before it', () => {
  const before = new Set<string>();
  for (const { id, type, references } of savedObjects()) {
    expect(references.filter((each) => !before.has(`${each.type} ${each.id}`))).toEqual([]);
    before.add(`${type} ${id}`);
  }
});

test('an error in an error has no mapping of its own: there is no end to them', () => {
  expect(indexTemplate.template?.mappings?.properties?.['err']).toMatchObject({
    properties: { message: { type: 'match_only_text' }, cause: { type: 'flattened' } },
  });
});
