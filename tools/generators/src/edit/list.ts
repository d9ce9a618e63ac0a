import ts from 'typescript';
import { nameOf } from './source.js';

/** What elements of a list are separated by. */
type Separator = ',' | '|' | '';

/** Nodes in a row that others can be put between or taken from. */
interface List {
  readonly nodes: readonly ts.Node[];
  readonly separator: Separator;
  /** Where the first element would begin: behind the bracket. */
  readonly start: number;
}

/**
 * The elements of an array, an object, a union of types, the parentheses of a call, the braces of an import or export,
 * the members of an interface or class, or the statements of a file.
 * @throws when the node has none of these
 */
export function listOf(node: ts.Node): List {
  const behind = (nodes: ts.NodeArray<ts.Node>, separator: Separator): List => ({
    nodes,
    separator,
    start: nodes.pos,
  });
  if (ts.isArrayLiteralExpression(node)) return behind(node.elements, ',');
  if (ts.isObjectLiteralExpression(node)) return behind(node.properties, ',');
  if (ts.isNamedImports(node) || ts.isNamedExports(node)) return behind(node.elements, ',');
  if (ts.isCallExpression(node)) return behind(node.arguments, ',');
  if (ts.isUnionTypeNode(node)) return behind(node.types, '|');
  if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) return behind(node.members, '');
  if (ts.isSourceFile(node)) return behind(node.statements, '');
  // A union of one is no union for the compiler.
  if (ts.isTypeNode(node)) return { nodes: [node], separator: '|', start: node.pos };
  throw new Error(`no list: ${node.getText().slice(0, 40)}`);
}

/** Where a new element goes. Default: the end. */
export interface Place {
  /** Before the first element of which this is true; otherwise at the end. */
  readonly before?: (node: ts.Node) => boolean;
  /** An empty line before the new element. */
  readonly apart?: boolean;
}

/**
 * Inserts an element into a list, and returns the new text of the file, which is not formatted yet.
 *
 * `remove` takes it out again, and then the formatted file is what it was, byte for byte. One thing Prettier leaves to
 * the author: an object on one line, or one decorator beside its parameter, stays on several once the new element made
 * it too long for one.
 * @param node see `listOf`
 * @param element its code, without a comma
 */
export function insert(node: ts.Node, element: string, { before, apart = false }: Place = {}): string {
  const { text } = node.getSourceFile();
  const { nodes, separator, start } = listOf(node);
  const found = before ? nodes.findIndex(before) : -1;
  const index = found < 0 ? nodes.length : found;
  const previous = nodes[index - 1];
  if (!previous) return insertFirst(text, { separator, start, next: nodes[0] }, element);
  if (separator === '|') return splice(text, previous.end, previous.end, ` | ${element}`);
  const at = endOf(text, previous, separator);
  const inserted = splice(text, at, at, `${apart ? '\n\n' : '\n'}${element}${separator}`);
  const complete = separator === '' || commaBehind(text, previous) !== undefined;
  return complete ? inserted : splice(inserted, previous.end, previous.end, separator);
}

interface Beginning extends Pick<List, 'separator' | 'start'> {
  readonly next: ts.Node | undefined;
}

function insertFirst(text: string, { separator, start, next }: Beginning, element: string): string {
  if (separator === '|' && next) return splice(text, next.getStart(), next.getStart(), `${element} | `);
  const at = behindComments(text, start);
  if (separator === '') return splice(text, at, at, at === 0 ? `${element}\n` : `\n${element}${next ? '' : '\n'}`);
  // Prettier keeps an object on several lines if its first property is on a line of its own, as it was before.
  const gap = next && text.slice(at, next.getStart()).includes('\n') ? '\n' : ' ';
  return splice(text, at, at, `${gap}${element}${next ? separator : ''}`);
}

/**
 * Takes an element out of a list, with its comments, and returns the new text of the file.
 * @param which its name, as of a property, or its text without regard to spaces; or a condition
 * @throws when there is none
 */
export function remove(node: ts.Node, which: string | ((node: ts.Node) => boolean)): string {
  const { text } = node.getSourceFile();
  const { nodes, separator, start } = listOf(node);
  const index = nodes.findIndex(typeof which === 'string' ? (each) => isCalled(each, which) : which);
  const found = nodes[index];
  if (!found) throw new Error(`there is no ${typeof which === 'string' ? which : 'such element'} in the list`);
  if (separator === '|') return removeType(text, nodes, index);
  const previous = nodes[index - 1];
  const from = previous ? endOf(text, previous, separator) : behindComments(text, start);
  const to = ownEndOf(text, found, separator);
  const marks = text.slice(from, to).match(/\n[ \t]*\/\/ (end )?demo(?=\n)/g) ?? [];
  return splice(text, from, to, marks.join(''));
}

/** Whether a list has such an element. */
export const contains = (node: ts.Node, which: string): boolean =>
  listOf(node).nodes.some((each) => isCalled(each, which));

const isCalled = (node: ts.Node, which: string): boolean =>
  nameOf(node) === which || withoutSpaces(node.getText()) === withoutSpaces(which);
const withoutSpaces = (text: string): string => text.replaceAll(/\s+|,(?=\s*[)\]}])/g, '');

function removeType(text: string, nodes: readonly ts.Node[], index: number): string {
  const [found, previous, next] = [nodes[index], nodes[index - 1], nodes[index + 1]];
  if (!found || (!previous && !next)) throw new Error('a type needs at least one alternative');
  if (previous) return splice(text, previous.end, found.end, '');
  return splice(text, found.getStart(), next?.getStart() ?? found.end, '');
}

const splice = (text: string, from: number, to: number, inserted: string): string =>
  text.slice(0, from) + inserted + text.slice(to);

/** The same, and behind the region of the demo that it ends: what comes next is not part of the demo. */
function endOf(text: string, node: ts.Node, separator: Separator): number {
  const end = ownEndOf(text, node, separator);
  return end + (/^\s*\n[ \t]*\/\/ end demo(?=\n|$)/.exec(text.slice(end, end + 200))?.[0].length ?? 0);
}

/** Behind an element, its comma, and the comment at the end of its line. */
function ownEndOf(text: string, node: ts.Node, separator: Separator): number {
  const own = behindComments(text, node.end);
  const comma = separator === ',' ? commaBehind(text, node) : undefined;
  return comma === undefined ? own : behindComments(text, comma);
}

/** The position behind the comma that follows a node, with comments between them or not. */
function commaBehind(text: string, node: ts.Node): number | undefined {
  const scanner = ts.createScanner(
    ts.ScriptTarget.Latest,
    true,
    ts.LanguageVariant.Standard,
    text,
    undefined,
    node.end,
  );
  return scanner.scan() === ts.SyntaxKind.CommaToken ? scanner.getTokenEnd() : undefined;
}

/**
 * Behind the comments at the end of a line. A comment with something behind it belongs to that, and one at the
 * beginning of a file to what follows.
 */
function behindComments(text: string, position: number): number {
  if (position === 0) return position;
  const end = ts.getTrailingCommentRanges(text, position)?.at(-1)?.end ?? position;
  return /^[ \t]*(\r?\n|$)/.test(text.slice(end, end + 200)) ? end : position;
}
