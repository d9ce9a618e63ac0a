import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '@nx/devkit';
import ts from 'typescript';

/** Sources that many programs share: parsing them is most of the work. */
const parsed = new Map<string, ts.SourceFile>();

/**
 * What the compiler says about files of a tree that may be in memory only.
 * @param folder whose files are checked, with everything that they import
 * @param generated files that something else generates, which has not run: by path from the root
 */
export function typeErrors(tree: Tree, folder: string, generated: Readonly<Record<string, string>> = {}): string[] {
  const root = tree.root;
  const written = new Map<string, string>([
    ...tree.listChanges().map(({ path, content }) => [join(root, path), content?.toString('utf8') ?? ''] as const),
    ...Object.entries(generated).map(([path, text]) => [join(root, path), text] as const),
  ]);
  const read = (file: string): string | undefined => written.get(file) ?? ts.sys.readFile(file);
  const { options } = ts.convertCompilerOptionsFromJson(
    (JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8')) as { compilerOptions: object }).compilerOptions,
    root,
  );
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost(options),
    readFile: read,
    fileExists: (file) => written.has(file) || ts.sys.fileExists(file),
    directoryExists: (path) => [...written.keys()].some((file) => file.startsWith(`${path}/`)) || existsSync(path),
    getSourceFile: (file, settings) => {
      const known = written.has(file) ? undefined : parsed.get(file);
      if (known) return known;
      const text = read(file);
      if (text === undefined) return undefined;
      const source = ts.createSourceFile(file, text, settings, true);
      if (!written.has(file)) parsed.set(file, source);
      return source;
    },
  };
  const files = [...written.keys()].filter((file) => file.startsWith(`${join(root, folder)}/`) && file.endsWith('.ts'));
  const program = ts.createProgram(files, options, host);
  return files
    .flatMap((file) => {
      const source = program.getSourceFile(file);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    })
    .map(
      ({ file, start, messageText }) =>
        `${file?.fileName.slice(root.length + 1)}:${file ? file.getLineAndCharacterOfPosition(start ?? 0).line + 1 : 0} ` +
        ts.flattenDiagnosticMessageText(messageText, ' '),
    );
}
