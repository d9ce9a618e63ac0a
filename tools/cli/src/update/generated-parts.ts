/** From the line `# generated: <name>` (Markdown: `<!-- generated: <name> -->`) to the line `# end`. */
const part =
  /^([ \t]*)(# generated: (\S+?)\b[^\n]*|<!-- generated: (\S+) -->)\n([^]*?)^([ \t]*)(# end|<!-- end -->)$/gm;

/** Whether people write the rest of the file. */
export const hasParts = (text: string): boolean => text.search(part) !== -1;

/**
 * Gives the generated parts of a text the content that they have in another: what is left to compare is what people
 * wrote.
 */
export function withPartsOf(text: string, other: string): string {
  const inner = new Map([...other.matchAll(part)].map(([, , , a, b, content]) => [a ?? b, content]));
  return text.replace(
    part,
    (
      whole,
      indent: string,
      begin: string,
      a: string | undefined,
      b: string | undefined,
      _content,
      last: string,
      end,
    ) => (inner.has(a ?? b) ? `${indent}${begin}\n${inner.get(a ?? b)}${last}${end}` : whole),
  );
}
