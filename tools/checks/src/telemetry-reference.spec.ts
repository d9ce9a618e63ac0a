import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { instruments } from '@causeway/telemetry';
import { codesIn, tableUnder } from '@causeway/testkit';
import ts from 'typescript';
import { root, sourceFiles } from './repository.js';

// docs/reference/telemetry.md against the code. What a running system exports is compared with it by
// tools/e2e/test/telemetry.e2e.spec.ts, which also sees kinds, units and labels.

const folder = join(root, 'docs/reference');
const page = readFileSync(join(folder, 'telemetry.md'), 'utf8');
const metrics = tableUnder(page, '## Metrics');
const sources = sourceFiles(['apps', 'libs'])
  .filter((path) => path.includes('/src/') && !/\.spec\.ts$|\/testing\//.test(path))
  .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }))
  .map((source) => ({ ...source, tree: parse(source.text) }));
const allText = sources.map(({ text }) => text).join('\n');

function parse(text: string): ts.SourceFile {
  return ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true);
}

/** The calls in a source file whose function has one of these names. */
function callsOf(tree: ts.SourceFile, names: readonly string[]): ts.CallExpression[] {
  const found: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const { expression } = node;
      const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
      if (names.includes(name)) found.push(node);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** The names that an expression for a name can give: `process {}` for a template, both branches of a condition. */
function namesGivenBy(node: ts.Expression): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join('')];
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(namesGivenBy);
  const declared = ts.isIdentifier(node) ? initializerOf(node) : undefined;
  return declared ? namesGivenBy(declared) : ['{}'];
}

/** What a constant of the same file is set to. */
function initializerOf({ text: name, ...node }: ts.Identifier): ts.Expression | undefined {
  let found: ts.Expression | undefined;
  const visit = (at: ts.Node): void => {
    if (ts.isVariableDeclaration(at) && ts.isIdentifier(at.name) && at.name.text === name) found ??= at.initializer;
    ts.forEachChild(at, visit);
  };
  visit(node.parent.getSourceFile());
  return found;
}

/** The keys of all object literals in a node, also of those that are spread under a condition. */
function keysIn(node: ts.Node): string[] {
  const keys: string[] = [];
  const visit = (at: ts.Node): void => {
    if (ts.isPropertyAssignment(at) || ts.isShorthandPropertyAssignment(at))
      keys.push(ts.isStringLiteral(at.name) || ts.isIdentifier(at.name) ? at.name.text : '');
    ts.forEachChild(at, visit);
  };
  visit(node);
  return keys.filter(Boolean);
}

describe('metrics', () => {
  const documented = metrics.map(({ metric }) => codesIn(metric)[0]!);

  test('each one is on the page, once, and no other is', () => {
    expect([...documented].sort()).toEqual([...Object.values(instruments)].sort());
  });

  test('each one is recorded somewhere, under its name in `instruments`', () => {
    const unused = Object.keys(instruments).filter((key) => !new RegExp(`instruments\\.${key}\\b`).test(allText));
    expect(unused).toEqual([]);
    const literal = sources.flatMap(({ path, tree }) =>
      callsOf(tree, ['counter', 'upDownCounter', 'histogram', 'duration', 'wait', 'gauge'])
        .filter(({ arguments: [name] }) => name && ts.isStringLiteralLike(name) && name.text.includes('.'))
        .map((call) => `${path}: ${call.getText()}`),
    );
    expect(literal).toEqual([]);
  });

  test('each label is one that the code gives, and each that it gives is on the page', () => {
    const labels = new Set(metrics.flatMap((row) => codesIn(row['labels'])));
    const given = new Set(
      sources.flatMap(({ tree }) =>
        callsOf(tree, ['add', 'record', 'observe']).flatMap(({ arguments: [, second] }) =>
          second && ts.isObjectLiteralExpression(second) ? keysIn(second) : [],
        ),
      ),
    );
    expect([...given].filter((label) => !labels.has(label))).toEqual([]);
    const isGiven = (label: string): boolean => given.has(label) || allText.includes(`'${label}'`) || isKey(label);
    const isKey = (label: string): boolean => new RegExp(`[{,] ${label}[,:]`).test(allText);
    expect([...labels].filter((label) => !isGiven(label))).toEqual([]);
  });
});

describe('spans', () => {
  const place = (file: string, name: string): string => `${file}: ${name}`;

  test('each one is on the page with the file that makes it, and no other is', () => {
    const made = sources
      .filter(({ path }) => path !== 'libs/telemetry/src/tracing.ts')
      .flatMap(({ path, tree }) =>
        callsOf(tree, ['inSpan', 'startSpan'])
          .flatMap(({ arguments: [name] }) => (name ? namesGivenBy(name) : []))
          .map((name) => place(path, name)),
      );
    const documented = tableUnder(page, '## Spans').map((row) => {
      const [, target = ''] = /\]\(([^)]+)\)/.exec(row['made in'] ?? '') ?? [];
      return place(relative(root, resolve(folder, target)), codesIn(row['span'])[0]!.replace(/\{[^}]*\}/g, '{}'));
    });
    expect(made.length).toBeGreaterThan(5);
    expect([...documented].sort()).toEqual([...new Set(made)].sort());
  });

  test('each attribute and dotted label is one that the code sets, and each that it sets is on the page', () => {
    const dotted = /^[a-z]\w*(\.[a-z]\w*)+$/;
    const set = sources
      .filter(({ text }) =>
        /from '@causeway\/telemetry'|from '.*\/(tracing|metrics)\.js'|@opentelemetry\/api/.test(text),
      )
      .concat(sources.filter(({ path }) => /^libs\/telemetry\/src\/(tracing|about)\.ts$/.test(path)))
      .flatMap(({ tree }) => [
        ...keysIn(tree),
        ...callsOf(tree, ['setAttribute']).flatMap(({ arguments: [name] }) => (name ? namesGivenBy(name) : [])),
      ])
      .filter((name) => dotted.test(name));
    const documented = tableUnder(page, '## Attributes').map((row) => codesIn(row['attribute'])[0]!);
    const ofProcesses = /^(service\.(name|namespace|version|instance\.id)|vcs\.)/;
    expect([...new Set(set)].filter((name) => !ofProcesses.test(name)).sort()).toEqual([...documented].sort());
  });
});

describe('the check', () => {
  const first = (text: string, name: string) => callsOf(parse(text), [name])[0]!.arguments[0]!;

  test('reads names from templates, conditions and constants', () => {
    expect(namesGivenBy(first('inSpan(`process ${subject}`)', 'inSpan'))).toEqual(['process {}']);
    expect(namesGivenBy(first("inSpan(a ? 'one' : `two ${b}`)", 'inSpan'))).toEqual(['one', 'two {}']);
    expect(namesGivenBy(first('const name = `x ${y}`; inSpan(name)', 'inSpan'))).toEqual(['x {}']);
  });

  test('reads labels also where they depend on something', () => {
    const [call] = callsOf(parse("counter.add(1, { policy, ...(failed && { 'error.type': code }) })"), ['add']);
    expect(keysIn(call!.arguments[1]!)).toEqual(['policy', 'error.type']);
  });
});
