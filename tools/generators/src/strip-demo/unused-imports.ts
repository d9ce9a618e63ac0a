import ts from 'typescript';

/**
 * Takes away the imports that nothing in a file uses, as an editor does: what a region used was imported above it.
 * Needs no other file, because it asks for names only.
 * @param name with its extension: says how the text is parsed
 */
export function withoutUnusedImports(name: string, text: string): string {
  const path = `/${name}`;
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => ({
      noLib: true,
      noResolve: true,
      verbatimModuleSyntax: true,
      module: ts.ModuleKind.NodeNext,
    }),
    getScriptFileNames: () => [path],
    getScriptVersion: () => '1',
    getScriptSnapshot: (file) => (file === path ? ts.ScriptSnapshot.fromString(text) : undefined),
    getCurrentDirectory: () => '/',
    getDefaultLibFileName: () => '/lib.d.ts',
    fileExists: (file) => file === path,
    readFile: (file) => (file === path ? text : undefined),
  };
  const service = ts.createLanguageService(host);
  const [file] = service.organizeImports(
    { type: 'file', fileName: path, mode: ts.OrganizeImportsMode.RemoveUnused },
    { ...ts.getDefaultFormatCodeSettings('\n'), convertTabsToSpaces: true, indentSize: 2 },
    { quotePreference: 'single' },
  );
  const changes = [...(file?.textChanges ?? [])].sort((a, b) => b.span.start - a.span.start);
  return changes.reduce(
    (left, { span, newText }) => left.slice(0, span.start) + newText + left.slice(span.start + span.length),
    text,
  );
}
