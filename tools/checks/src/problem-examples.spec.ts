import { openApiDocument } from '@causeway/contracts/documents';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { sourceFiles } from './repository.js';

const document = openApiDocument({ server: '/', authorizationUrl: '/oidc/auth', tokenUrl: '/oidc/token' });
const examples = Object.entries(document.components!.examples!).map(
  ([code, example]) => [code, (example as { value: { detail: string; remedy?: string } }).value] as const,
);

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The texts of a source file, as patterns: `order ${id} was not found` matches whatever stands for the id. */
function patternsOf(source: string): string[] {
  const patterns: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) patterns.push(escape(node.text));
    if (ts.isTemplateExpression(node)) {
      const fixed = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
      // A template that is mostly values would match anything.
      if (fixed.join('').trim().length >= 10) patterns.push(fixed.map(escape).join('.+'));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('a.ts', source, ts.ScriptTarget.Latest, true));
  return patterns;
}

const matches = (text: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => new RegExp(`^${pattern}$`, 's').test(text));

const patterns = sourceFiles(['apps', 'libs'])
  .filter((path) => !/\.spec\.ts$|\/documents\/|\/testing\//.test(path))
  .flatMap((path) => patternsOf(readFileSync(path, 'utf8')))
  .filter((pattern) => pattern.length >= 10);

test.each(examples)('the example of %s shows a detail and a remedy that the code has', (code, { detail, remedy }) => {
  // The detail of VALIDATION_FAILED lists the violations of one request.
  const texts = [...(code === 'VALIDATION_FAILED' ? [] : [detail]), ...(remedy === undefined ? [] : [remedy])];
  const stale = texts.filter((text) => !matches(text, patterns));
  expect(stale.map((text) => `no source file has "${text}"; correct it in problem-examples.ts`)).toEqual([]);
});

test('a text that no source file has is found', () => {
  const texts = patternsOf("const a = 'try again'; const b = `order ${id} was not found`; const c = `${x} ${y}`;");
  expect(matches('order 0190 was not found', texts)).toBe(true);
  expect(matches('try again', texts)).toBe(true);
  expect(matches('try again later', texts)).toBe(false);
  expect(matches('anything at all', texts)).toBe(false);
});
