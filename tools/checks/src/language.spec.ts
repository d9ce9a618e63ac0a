import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { root, sourceFiles } from './repository.js';

const glossary = readFileSync(join(root, 'docs/glossary.md'), 'utf8');
/** The words that the last paragraph of the glossary retires. */
const retired = new Set(
  [...(glossary.split(/^Retired/m)[1] ?? '').matchAll(/`(\w+)`/g)].map(([, word]) => word!.toLowerCase()),
);

/** The names that a source file declares, with the line of each. */
function declaredNames(text: string): { name: string; line: number }[] {
  const source = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true);
  const names: { name: string; line: number }[] = [];
  const visit = (node: ts.Node): void => {
    const { name } = node as { name?: ts.Node };
    if (name && ts.isIdentifier(name) && !ts.isPropertyAccessExpression(node) && !ts.isImportSpecifier(node))
      names.push({ name: name.text, line: source.getLineAndCharacterOfPosition(name.getStart()).line + 1 });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** Names that a file both imports and gives to a method of its own: a reader cannot tell which of them is called. */
function methodsNamedLikeImports(text: string): string[] {
  const source = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true);
  const imported = new Set<string>();
  const methods = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isImportSpecifier(node) && !node.isTypeOnly && !node.parent.parent.isTypeOnly) imported.add(node.name.text);
    if (ts.isMethodDeclaration(node) && ts.isClassLike(node.parent) && ts.isIdentifier(node.name))
      methods.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...methods].filter((name) => imported.has(name));
}

const wordsOf = (name: string): string[] => name.split(/(?<=[a-z0-9])(?=[A-Z])|_/).map((word) => word.toLowerCase());
const usesRetired = (name: string): boolean => wordsOf(name).some((word) => retired.has(word));

const sources = sourceFiles(['apps', 'libs', 'tools']);
const markdown = globSync(join(root, '{*.md,{apps,docker,docs,examples,k8s,libs,tools}/**/*.md}')).filter(
  (path) => !/\/(node_modules|dist|generated)\//.test(path),
);
const place = (path: string, line: number): string => `${relative(root, path)}:${line}`;

test('the glossary retires words, and a name that holds one is seen', () => {
  expect(retired.size).toBeGreaterThan(10);
  const text = 'export class DoorbellRelay { hasten(): void {} }\nconst { ok } = x.tombstone;';
  expect(declaredNames(text).filter(({ name }) => usesRetired(name))).toEqual([
    { name: 'DoorbellRelay', line: 1 },
    { name: 'hasten', line: 1 },
  ]);
});

test('no name in the code holds a word that docs/glossary.md has retired', () => {
  const found = sources.flatMap((path) =>
    declaredNames(readFileSync(path, 'utf8'))
      .filter(({ name }) => usesRetired(name))
      .map(({ name, line }) => `${place(path, line)} ${name}`),
  );
  expect(found).toEqual([]);
});

test('a method and an imported function of the same name never meet in one file', () => {
  const text = "import { settle } from './settle.js';\nclass A { settle() { return settle(); } }";
  expect(methodsNamedLikeImports(text)).toEqual(['settle']);
  const found = sources.flatMap((path) =>
    methodsNamedLikeImports(readFileSync(path, 'utf8')).map((name) => `${relative(root, path)} ${name}`),
  );
  expect(found).toEqual([]);
});

/** Every service has a module and a clock of its own, and payment's domain may not know the contracts. */
const perService = ['AppModule', 'Clock', 'PaymentStatus'];
/** Words that mean nothing without what they belong to. `Policy` is the exception: it is resilience's. */
const needQualifier = new Set(['Answer', 'Outcome', 'State', 'Step']);

test('a type that is exported says whose outcome, step or state it is, and no two projects export the same name', () => {
  const exported = new Map<string, Set<string>>();
  for (const path of sources.filter((file) => !/\/(test|testing)\/|\.spec\.ts$/.test(file))) {
    const project = relative(root, path).split('/').slice(0, 2).join('/');
    for (const [, name] of readFileSync(path, 'utf8').matchAll(
      /^export (?:abstract )?(?:class|interface|type|enum) (\w+)/gm,
    ))
      exported.set(name!, (exported.get(name!) ?? new Set()).add(project));
  }
  expect([...exported.keys()].filter((name) => needQualifier.has(name))).toEqual([]);
  for (const name of perService) exported.delete(name);
  expect(
    [...exported].filter(([, projects]) => projects.size > 1).map(([name, projects]) => [name, ...projects]),
  ).toEqual([]);
});

/** Lines that may be longer: they would not wrap, or wrapping them would break what they are. */
const mayBeLong = (line: string): boolean =>
  /^\s*\|/.test(line) || /^\S*$/.test(line.trim()) || /https?:\/\/\S{60,}/.test(line);

test('Markdown wraps at 120 characters, and the cells of a table are phrases', () => {
  const found = markdown.flatMap((path) => {
    let code = false;
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        if (line.trimStart().startsWith('```')) code = !code;
        if (code) return [];
        const cells = /^\s*\|/.test(line) ? line.split(/(?<!\\)\|/) : [];
        const essay = cells.some((cell) => cell.trim().split(/\s+/).length > 25);
        const long = [...line].length > 120 && !mayBeLong(line);
        return long || essay ? [`${place(path, index + 1)} ${essay ? 'essay' : [...line].length}`] : [];
      });
  });
  expect(found).toEqual([]);
});

/** Markdown links to files of the repository: `[text](path#anchor)`. */
function linksIn(path: string): { text: string; target: string; line: number }[] {
  let code = false;
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      if (line.trimStart().startsWith('```')) code = !code;
      if (code) return [];
      return [...line.matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)].map(([, text, target]) => ({
        text: text!,
        target: target!,
        line: index + 1,
      }));
    })
    .filter(({ target }) => !/^(https?:|mailto:)/.test(target));
}

const guide = 'docs/guides/if-you-know-nest.md';
/** As GitHub makes it of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

test('each section of the guide for Nest developers is named where they arrive in the code, and no other', () => {
  const headings = [...readFileSync(join(root, guide), 'utf8').matchAll(/^## (.+)$/gm)].map(([, text]) =>
    anchorOf(text!),
  );
  const named = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/if-you-know-nest\.md#([\w-]+)/g)].map(([, anchor]) => anchor!),
  );
  expect([...new Set(named)].sort()).toEqual(headings.sort());
});

/** What a link names in the file that it leads to: `PlaceOrder.execute` names both; a path names nothing. */
const symbolsOf = (text: string): string[] =>
  /^`[\w.#]+(\(\))?`$/.test(text) && !/\.(ts|sql|md|mjs|json|yaml|prisma|conf|hcl)`$/.test(text)
    ? text.replace(/[`()]/g, '').split(/[.#]/)
    : [];

const anchorsIn = (content: string): string[] =>
  [...content.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));

test('links of the documents lead to files and headings that exist, and to functions that the file still has', () => {
  const broken = markdown.flatMap((path) =>
    linksIn(path).flatMap(({ text, target, line }) => {
      const [name = '', anchor] = target.split('#');
      const file = name === '' ? path : join(path, '..', decodeURI(name));
      let content: string;
      try {
        content = globSync(`${file}/`).length > 0 ? '' : readFileSync(file, 'utf8');
      } catch {
        return [`${place(path, line)} leads to ${target}, which does not exist`];
      }
      if (file.endsWith('.md') && anchor !== undefined && !anchorsIn(content).includes(anchor))
        return [`${place(path, line)} leads to ${target}, which is no heading there`];
      if (!/\.(ts|mjs|sql)$/.test(file)) return [];
      return symbolsOf(text)
        .filter((symbol) => !new RegExp(`\\b${symbol}\\b`).test(content))
        .map((symbol) => `${place(path, line)} names ${symbol}, which ${target} does not have`);
    }),
  );
  expect(broken).toEqual([]);
});
