import ts from 'typescript';

/** Reads TypeScript. It has to be whole: a file with a syntax error is refused, because nothing in it is certain. */
export function parse(text: string): ts.SourceFile {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const [problem] = (source as unknown as { parseDiagnostics: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics;
  if (!problem) return source;
  const { line } = source.getLineAndCharacterOfPosition(problem.start);
  throw new Error(`line ${line + 1}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
}

/** The name that a node declares or is: of a property, a declaration, an import; otherwise its text. */
export function nameOf(node: ts.Node): string {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations[0]?.name.getText() ?? '';
  const { name } = node as { name?: ts.Node };
  if (name && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) return name.text;
  if (name && ts.isStringLiteralLike(name)) return name.text;
  return node.getText();
}

/** The initial value of a constant, without `as const`, `satisfies` and parentheses. @throws when there is none */
export function valueOf(source: ts.SourceFile, constant: string): ts.Expression {
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations)
      if (initializer && name.getText() === constant) return bare(initializer);
  }
  throw new Error(`there is no constant ${constant}`);
}

/** The value of a property of an object. @throws when there is none */
export function propertyOf(object: ts.Node, name: string): ts.Expression {
  const found = ts.isObjectLiteralExpression(object)
    ? object.properties.find((property) => ts.isPropertyAssignment(property) && nameOf(property) === name)
    : undefined;
  if (found && ts.isPropertyAssignment(found)) return bare(found.initializer);
  throw new Error(`there is no property ${name}`);
}

export const hasProperty = (object: ts.Node, name: string): boolean =>
  ts.isObjectLiteralExpression(object) && object.properties.some((property) => nameOf(property) === name);

/** The first argument of the first call of a function, also as a decorator: the object in `@Module({…})`. */
export function argumentOf(source: ts.SourceFile, called: string): ts.Expression {
  const [call] = callsOf(source, called);
  const [first] = call?.arguments ?? [];
  if (!first) throw new Error(`there is no call ${called}(…)`);
  return bare(first);
}

/** All calls of a function in a node, in their order. */
export function callsOf(node: ts.Node, called: string): ts.CallExpression[] {
  const found: ts.CallExpression[] = [];
  const visit = (each: ts.Node): void => {
    if (ts.isCallExpression(each) && each.expression.getText() === called) found.push(each);
    ts.forEachChild(each, visit);
  };
  visit(node);
  return found;
}

/** A class by its name. @throws when there is none */
export function classOf(source: ts.SourceFile, name: string): ts.ClassDeclaration {
  const found = source.statements.find(
    (statement) => ts.isClassDeclaration(statement) && statement.name?.text === name,
  );
  if (found && ts.isClassDeclaration(found)) return found;
  throw new Error(`there is no class ${name}`);
}

/** An interface or the object behind a type name. @throws when there is none */
export function interfaceOf(source: ts.SourceFile, name: string): ts.InterfaceDeclaration {
  const found = source.statements.find(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  if (found && ts.isInterfaceDeclaration(found)) return found;
  throw new Error(`there is no interface ${name}`);
}

/** Without what only the compiler sees. */
function bare(expression: ts.Expression): ts.Expression {
  const wrapped =
    ts.isAsExpression(expression) ||
    ts.isSatisfiesExpression(expression) ||
    ts.isParenthesizedExpression(expression) ||
    ts.isNonNullExpression(expression);
  return wrapped ? bare(expression.expression) : expression;
}

/** The type behind a name: `type X = …`. @throws when there is none */
export function aliasOf(source: ts.SourceFile, name: string): ts.TypeNode {
  const found = source.statements.find(
    (statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text === name,
  );
  if (found && ts.isTypeAliasDeclaration(found)) return found.type;
  throw new Error(`there is no type ${name}`);
}

/** Declares something before a class, once. */
export function ensureBefore(
  text: string,
  className: string,
  { name, code }: { readonly name: string; readonly code: string },
): string {
  const source = parse(text);
  if (source.statements.some((statement) => nameOf(statement) === name)) return text;
  const at = classOf(source, className).pos;
  return `${text.slice(0, at)}\n\n${code}${text.slice(at)}`;
}

/** Takes away what is declared in a file, not exported, and not used: what was there for something that is gone. */
export function withoutUnused(text: string): string {
  const source = parse(text);
  const unused = source.statements.find((statement) => {
    const declares =
      ts.isVariableStatement(statement) ||
      ts.isFunctionDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement);
    const exported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.length;
    return declares && !exported && !isUsedBeside(source, statement);
  });
  return unused ? withoutUnused(text.slice(0, unused.pos) + text.slice(unused.end)) : text;
}

function isUsedBeside(source: ts.SourceFile, declaration: ts.Statement): boolean {
  const name = nameOf(declaration);
  const visit = (node: ts.Node): boolean =>
    node === declaration
      ? false
      : (ts.isIdentifier(node) && node.text === name) || (ts.forEachChild(node, visit) ?? false);
  return visit(source);
}
