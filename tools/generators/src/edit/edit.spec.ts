import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import ts from 'typescript';
import { formatted } from './file.js';
import {
  addExport,
  addImport,
  addNamespaceImport,
  removeExport,
  removeImport,
  removeNamespaceImport,
} from './imports.js';
import { insert, listOf, remove } from './list.js';
import { nameOf, parse, valueOf } from './source.js';

const root = join(import.meta.dirname, '../../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const files = globSync('{apps,libs,tools}/*/src/**/*.ts', { cwd: root }).filter(
  (path) => !path.includes('/generated/'),
);

/** What stands for a new element in a list of a kind. */
function elementFor(node: ts.Node): string | undefined {
  if (ts.isArrayLiteralExpression(node)) return 'insertedElement';
  if (ts.isCallExpression(node)) return 'insertedElement(1, 2)';
  if (ts.isObjectLiteralExpression(node)) return "/** A comment. */ insertedElement: ['x']";
  if (ts.isNamedImports(node) || ts.isNamedExports(node)) return 'insertedElement';
  if (ts.isUnionTypeNode(node)) return "'insertedElement'";
  if (ts.isInterfaceDeclaration(node)) return '/** A comment. */\nreadonly insertedElement: string;';
  if (ts.isClassDeclaration(node)) return '/** A comment. */\ninsertedElement(): void {}';
  if (ts.isSourceFile(node)) return '/** A comment. */\nexport const insertedElement = 1;';
  return undefined;
}

function listsOf(text: string): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (elementFor(node) !== undefined) found.push(node);
    // Prettier leaves what is in `${…}` as it is.
    if (!ts.isTemplateExpression(node)) ts.forEachChild(node, visit);
  };
  visit(parse(text));
  return found;
}

/** How many lines of an object, or of what has decorators, there are is up to the author: Prettier joins none of them. */
const onOneLine = (text: string): number => {
  let count = 0;
  const visit = (node: ts.Node): void => {
    const upToTheAuthor =
      ts.isObjectLiteralExpression(node) ||
      ts.isObjectBindingPattern(node) ||
      ts.isTypeLiteralNode(node) ||
      ts.isInterfaceDeclaration(node) ||
      (ts.canHaveDecorators(node) && ts.getDecorators(node) !== undefined);
    if (upToTheAuthor && !node.getText().includes('\n')) count++;
    ts.forEachChild(node, visit);
  };
  visit(parse(text));
  return count;
};

const place = fc.record({ file: fc.constantFrom(...files), list: fc.nat(), index: fc.nat(), apart: fc.boolean() });

test('what is inserted into a list of any file, wherever, can be removed: the file is the same byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(place, async ({ file, list, index, apart }) => {
      const before = read(file);
      const lists = listsOf(before);
      const node = lists[list % lists.length]!;
      const { nodes } = listOf(node);
      // Prettier hugs a text of several lines that is alone in a call, and does not go back to that by itself.
      fc.pre(!nodes.some((each) => /`[^`]*\n/.test(each.getText())));
      const next = nodes[index % (nodes.length + 1)];
      const element = elementFor(node)!;
      const where = { apart, ...(next && { before: (each: ts.Node) => each === next }) };
      const inserted = await formatted(root, file, insert(node, element, where));
      expect(inserted).toContain('insertedElement');
      expect(inserted).not.toBe(before);
      // The one exception that `insert` documents.
      fc.pre(onOneLine(inserted) >= onOneLine(before));
      const again = listsOf(inserted).find((each) => listOf(each).nodes.some(isInserted))!;
      expect(await formatted(root, file, remove(again, isInserted))).toBe(before);
    }),
    { numRuns: 60 },
  );
}, 120_000);
const isInserted = (node: ts.Node): boolean =>
  ['insertedElement', 'insertedElement(1, 2)', "'insertedElement'"].includes(nameOf(node));

const edits = {
  'an import': [addImport, removeImport],
  'an export': [addExport, removeExport],
  'a namespace': [addNamespaceImport, removeNamespaceImport],
} as const;

test.each(Object.entries(edits))(
  '%s that is added to any file can be removed likewise',
  async (_, [add, take]) => {
    const modules = ['./list.js', './zzz.js', '@nestjs/common', 'node:fs', '../../contracts.js'];
    const some = fc.record({ file: fc.constantFrom(...files), from: fc.constantFrom(...modules), type: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(some, fc.constantFrom('Aaa', 'insertedName', 'zzz'), async ({ file, ...imported }, name) => {
        const before = read(file);
        const added = await formatted(root, file, add(before, { ...imported, name }));
        fc.pre(added !== before);
        expect(added.match(new RegExp(`\\b${name}\\b`, 'g'))!.length).toBeGreaterThan(0);
        expect(await formatted(root, file, take(added, { ...imported, name }))).toBe(before);
      }),
      { numRuns: 15 },
    );
  },
  120_000,
);

const texts = [
  ['an array', "const a = ['x'];", ['a'], "'y'", "const a = ['x', 'y'];\n"],
  ['an empty array', 'const a = [];', ['a'], 'y', 'const a = [y];\n'],
  [
    'a comment at the end of a line',
    'const a = [\n  x, // about x\n];',
    ['a'],
    'y',
    'const a = [\n  x, // about x\n  y,\n];\n',
  ],
] as const;
test.each(texts)('%s', async (_, before, [name], element, after) => {
  expect(await formatted(root, 'libs/x.ts', insert(valueOf(parse(before), name), element))).toBe(after);
});

test('what is not there, or is no TypeScript, is refused by name', () => {
  expect(() => parse('const a = [;')).toThrow(/^line 1: /);
  expect(() => valueOf(parse('const a = [];'), 'b')).toThrow('there is no constant b');
  expect(() => remove(valueOf(parse('const a = [x];'), 'a'), 'y')).toThrow('there is no y in the list');
  expect(() => removeImport("import { a } from './a.js';", { name: 'b', from: './a.js' })).toThrow('b of ./a.js');
});

test('a type is imported beside values, or alone; a value never into an import of types', async () => {
  const format = (text: string): Promise<string> => formatted(root, 'libs/x.ts', text);
  const both = addImport("import { a } from './a.js';", { name: 'B', from: './a.js', type: true });
  expect(await format(both)).toBe("import { a, type B } from './a.js';\n");
  const value = addImport("import type { A } from './a.js';", { name: 'b', from: './a.js' });
  expect(await format(value)).toBe("import type { A } from './a.js';\nimport { b } from './a.js';\n");
});

test('what goes behind a region of the demo is no part of it, and leaves it as it was', () => {
  const text = "const list = [\n  'a',\n  // demo\n  'b',\n  // end demo\n];\n";
  const more = insert(valueOf(parse(text), 'list'), "'c'");
  expect(more).toBe("const list = [\n  'a',\n  // demo\n  'b',\n  // end demo\n'c',\n];\n");
  expect(remove(valueOf(parse(more), 'list'), "'c'")).toBe(text);
});
