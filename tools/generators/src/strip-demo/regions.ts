/**
 * A region of a file that belongs to the demo, between two comments on lines of their own: `// demo` and `// end demo`,
 * with the comment of the language. Regions do not nest. Tables of Markdown have no room for such lines: there a row
 * with `<!-- demo -->` in it is a region of its own.
 */
const begins = new Set(['// demo', '# demo', '<!-- demo -->']);
const ends = new Set(['// end demo', '# end demo', '<!-- end demo -->']);
const inRow = '<!-- demo -->';

/** @throws Error with the line of a mark without its counterpart, or of another kind than its counterpart */
export function withoutRegions(text: string): string {
  const kept: string[] = [];
  let open: { readonly mark: string; readonly line: number } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const mark = line.trim();
    if (begins.has(mark)) {
      if (open) throw new Error(`line ${index + 1}: a region begins in the one of line ${open.line}`);
      open = { mark, line: index + 1 };
    } else if (ends.has(mark)) {
      if (open?.mark.replace('demo', 'end demo') !== mark)
        throw new Error(`line ${index + 1}: "${mark}" ends no region`);
      open = undefined;
    } else if (!open && !line.includes(inRow)) kept.push(line);
  }
  if (open) throw new Error(`line ${open.line}: "${open.mark}" has no end`);
  return kept.join('\n');
}

export const hasRegions = (text: string): boolean =>
  text.split('\n').some((line) => begins.has(line.trim()) || ends.has(line.trim()) || line.includes(inRow));
