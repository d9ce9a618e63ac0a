import type { Tree } from '@nx/devkit';
import ts from 'typescript';
import { edit, formatted } from '../edit/file.js';
import {
  addExport,
  addImport,
  addNamespaceImport,
  removeExport,
  removeImport,
  removeNamespaceImport,
} from '../edit/imports.js';
import { contains, insert, remove } from '../edit/list.js';
import { callsOf, nameOf, parse, valueOf } from '../edit/source.js';
import type { Field } from './fields.js';
import { constantOf, type Subject } from './subject.js';

const folder = 'libs/contracts/src';
const index = `${folder}/index.ts`;
export const topology = `${folder}/messages/topology.ts`;
const fileOf = (owner: string): string => `${folder}/messages/${owner}.ts`;

/** One definition in `messages/<owner>.ts`. */
export interface Definition {
  readonly subject: Subject;
  readonly summary: string;
  /** The schemas as code: of the data, or of request and response. */
  readonly schemas: readonly string[];
  /** All fields in them, for their imports. */
  readonly fields: readonly Field[];
}

const functions = { evt: 'event', cmd: 'command', rpc: 'rpc' } as const;

/** Adds a definition, its export, and for a new owner its place in the topology with a stream for its messages. */
export async function addDefinition(tree: Tree, definition: Definition): Promise<void> {
  const { subject, summary, schemas, fields } = definition;
  const { owner, kind } = subject;
  const name = constantOf(subject);
  demandFreeName(tree, name, subject);
  const file = fileOf(owner);
  const code = `export const ${name} = ${functions[kind]}('${subject.text}', ${quoted(summary)}, ${schemas.join(', ')});`;
  const imports = [
    (text: string) => addImport(text, { name: 'z', from: 'zod' }),
    (text: string) => addImport(text, { name: functions[kind], from: './define.js' }),
    ...fields.flatMap(({ from, imported }) =>
      from && imported ? [(text: string) => addImport(text, { name: imported, from })] : [],
    ),
  ];
  if (tree.exists(file)) {
    await edit(tree, file, (text) => insert(parse(text), code, { apart: true }), ...imports);
  } else {
    const text = imports.reduce((before, change) => change(before), `${code}\n`);
    // An empty line between imports and what they are for, which Prettier leaves to the author.
    tree.write(file, await formatted(tree.root, file, text.replace(`\n${code}`, `\n\n${code}`)));
    await edit(
      tree,
      topology,
      (old) => addNamespaceImport(old, { name: owner, from: `./${owner}.js` }),
      (old) => insert(valueOf(parse(old), 'definitions'), `...Object.values(${owner})`),
    );
  }
  await edit(tree, index, (text) => addExport(text, { name, from: `./messages/${owner}.js` }));
  if (kind !== 'rpc') await edit(tree, topology, (text) => addStream(text, subject));
}

/** Takes a definition back, and with the last of an owner its file and its stream. @throws while somebody uses it */
export async function removeDefinition(tree: Tree, subject: Subject): Promise<void> {
  const { owner, kind } = subject;
  const name = constantOf(subject);
  const file = fileOf(owner);
  await edit(tree, index, (text) => removeExport(text, { name, from: `./messages/${owner}.js` }));
  await edit(tree, file, (text) => remove(parse(text), name), removeUnusedImports);
  const rest = definitionsIn(tree, owner);
  if (kind !== 'rpc' && !rest.some((each) => each.subject.startsWith(`${owner}.${kind}.`)))
    await edit(tree, topology, (text) => removeStream(text, subject));
  if (rest.length > 0) return;
  tree.delete(file);
  await edit(
    tree,
    topology,
    (text) => remove(valueOf(parse(text), 'definitions'), `...Object.values(${owner})`),
    (text) => removeNamespaceImport(text, { name: owner, from: `./${owner}.js` }),
  );
}

/** What `messages/<owner>.ts` defines, in its order. Empty when the owner has no file. */
export function definitionsIn(tree: Tree, owner: string): { readonly name: string; readonly subject: string }[] {
  const text = tree.exists(fileOf(owner)) ? tree.read(fileOf(owner), 'utf8') : null;
  if (text === null) return [];
  const source = parse(text);
  return Object.values(functions).flatMap((called) =>
    callsOf(source, called).flatMap((call) => {
      const [subject] = call.arguments;
      const variable = call.parent;
      return ts.isVariableDeclaration(variable) && subject && ts.isStringLiteralLike(subject)
        ? [{ name: nameOf(variable), subject: subject.text }]
        : [];
    }),
  );
}

/** The owners in the order of the topology. */
export function ownersOf(tree: Tree): string[] {
  const definitions = valueOf(parse(tree.read(topology, 'utf8') ?? ''), 'definitions');
  return callsOf(definitions, 'Object.values').map((call) => call.arguments[0]?.getText() ?? '');
}

/** The definition of a subject. @throws when there is none; the message lists those of its owner */
export function demandDefined(tree: Tree, { text, owner }: Subject): string {
  const all = definitionsIn(tree, owner);
  const found = all.find(({ subject }) => subject === text);
  if (found) return found.name;
  const names = all.map(({ subject }) => subject).filter((each) => !each.includes('.rpc.'));
  throw new Error(
    all.length === 0
      ? `Nobody publishes ${text}: there are no messages of ${owner}. Add it first, with new event.`
      : `There is no ${text} in libs/contracts. Of ${owner} there are: ${names.join(', ')}.`,
  );
}

/** @throws when the version is defined, or an earlier one is missing */
export function demandNextVersion(tree: Tree, subject: Subject): void {
  const { owner, kind, what, version, text } = subject;
  const prefix = `${owner}.${kind}.${what}.v`;
  const versions = definitionsIn(tree, owner)
    .filter((each) => each.subject.startsWith(prefix))
    .map((each) => Number(each.subject.slice(prefix.length)));
  const next = Math.max(0, ...versions) + 1;
  if (versions.includes(version))
    throw new Error(
      `${text} is defined already. A field that changes or goes is a new version beside it: ${prefix}${next}.`,
    );
  if (version !== next)
    throw new Error(
      `${text} has no predecessor: the next version is ${prefix}${next}, beside ${next === 1 ? 'nothing' : 'the others until nobody handles them'}.`,
    );
}

function demandFreeName(tree: Tree, name: string, { text, kind }: Subject): void {
  const taken = parse(tree.read(index, 'utf8') ?? '').statements.some(
    (each) =>
      ts.isExportDeclaration(each) &&
      each.exportClause &&
      ts.isNamedExports(each.exportClause) &&
      contains(each.exportClause, name),
  );
  if (!taken) return;
  const hint = kind === 'rpc' ? ' Name what it is about more exactly.' : '';
  throw new Error(`${text} would be the constant ${name}, and libs/contracts exports that name already.${hint}`);
}

/** A service handles a message from now on. */
export async function addHandled(tree: Tree, service: string, subject: Subject, constant: string): Promise<void> {
  const element = `${subject.owner}.${constant}`;
  await edit(tree, topology, (text) => {
    const call = handlesOf(text, service);
    return call
      ? insert(call, element)
      : insert(valueOf(parse(text), 'consumers'), `...handles('${service}', ${element})`);
  });
}

export async function removeHandled(tree: Tree, service: string, subject: Subject, constant: string): Promise<void> {
  await edit(tree, topology, (text) => {
    const call = handlesOf(text, service);
    if (!call) throw new Error(`${service} handles nothing`);
    if (call.arguments.length > 2) return remove(call, `${subject.owner}.${constant}`);
    return remove(valueOf(parse(text), 'consumers'), (node) => node.getText() === `...${call.getText()}`);
  });
}

/** Services that handle a message. */
export function handlersOf(tree: Tree, subject: Subject, constant: string): string[] {
  const consumers = valueOf(parse(tree.read(topology, 'utf8') ?? ''), 'consumers');
  return callsOf(consumers, 'handles')
    .filter((call) => call.arguments.some((each) => each.getText() === `${subject.owner}.${constant}`))
    .map((call) => serviceOf(call));
}

const serviceOf = (call: ts.CallExpression): string => {
  const [service] = call.arguments;
  return service && ts.isStringLiteralLike(service) ? service.text : '';
};
const handlesOf = (text: string, service: string): ts.CallExpression | undefined =>
  callsOf(valueOf(parse(text), 'consumers'), 'handles').find((call) => serviceOf(call) === service);

/** `stream('USER', ['user.evt.>'])`, or another subject of the one that is there. */
function addStream(text: string, { owner, kind }: Subject): string {
  const pattern = `'${owner}.${kind}.>'`;
  const patterns = streamPatterns(text, owner);
  if (!patterns) {
    const before = (node: ts.Node): boolean => /^stream\('(DLQ|ADVISORY)'/.test(node.getText());
    return insert(valueOf(parse(text), 'streams'), `stream('${owner.toUpperCase()}', [${pattern}])`, { before });
  }
  return contains(patterns, pattern) ? text : insert(patterns, pattern);
}

function removeStream(text: string, { owner, kind }: Subject): string {
  const patterns = streamPatterns(text, owner);
  if (!patterns) throw new Error(`there is no stream ${owner.toUpperCase()}`);
  if (patterns.elements.length > 1) return remove(patterns, `'${owner}.${kind}.>'`);
  return remove(valueOf(parse(text), 'streams'), (node) =>
    node.getText().startsWith(`stream('${owner.toUpperCase()}'`),
  );
}

function streamPatterns(text: string, owner: string): ts.ArrayLiteralExpression | undefined {
  const call = callsOf(valueOf(parse(text), 'streams'), 'stream').find(
    ({ arguments: [name] }) => name && ts.isStringLiteralLike(name) && name.text === owner.toUpperCase(),
  );
  const patterns = call?.arguments[1];
  return patterns && ts.isArrayLiteralExpression(patterns) ? patterns : undefined;
}

/** Takes away what is imported and not used: what was there for something that is gone. */
export function removeUnusedImports(text: string): string {
  const source = parse(text);
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings)) continue;
    for (const { name } of bindings.elements)
      if (!isUsed(source, name.text))
        return removeUnusedImports(removeImport(text, { name: name.text, from: statement.moduleSpecifier.text }));
  }
  return text;
}

function isUsed(source: ts.SourceFile, name: string): boolean {
  const visit = (node: ts.Node): boolean =>
    ts.isImportDeclaration(node)
      ? false
      : (ts.isIdentifier(node) && node.text === name) || (ts.forEachChild(node, visit) ?? false);
  return visit(source);
}

/** A string as code. */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", '’')}'`;

export const handlesAnything = (tree: Tree, service: string): boolean =>
  handlesOf(tree.read(topology, 'utf8') ?? '', service) !== undefined;
