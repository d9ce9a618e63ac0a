import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a guide that is executed: `diff` and `sh` are done, `text` is what the command before it says. */
export interface GuideBlock {
  readonly kind: 'diff' | 'sh' | 'text';
  readonly text: string;
  /** Line of the Markdown file, 1 for the first. */
  readonly line: number;
}

/** The executed blocks of a Markdown text, in order. Blocks of other languages are for reading only. */
export function readGuide(markdown: string): GuideBlock[] {
  return [...markdown.matchAll(/^```(diff|sh|text)\n([^]*?)^```$/gm)].map(({ 1: kind, 2: text, index }) => ({
    kind: kind as GuideBlock['kind'],
    text: text!,
    line: markdown.slice(0, index).split('\n').length,
  }));
}

/**
 * Makes the edit of a `diff` block, as a person would: looks for the lines of context and those with `-`, and writes
 * those with `+` where they belong. Several files and, divided by `@@`, several places of a file are done in order.
 * @param diff Each file begins with `+++ b/<path>`. No line numbers.
 * @throws when a place is not there exactly once
 */
export function applyEdit(root: string, diff: string): void {
  for (const part of diff.split(/^\+\+\+ b\//m).slice(1)) {
    const [path = '', ...lines] = part.trimEnd().split('\n');
    const file = join(root, path);
    const places = lines.join('\n').split(/\n?^@@.*\n/m);
    writeFileSync(
      file,
      places.reduce((text, place) => edited(text, place, path), readFileSync(file, 'utf8')),
    );
  }
}

function edited(text: string, place: string, path: string): string {
  const lines = place.split('\n').map((line) => (line === '' ? ' ' : line));
  const side = (without: string): string =>
    lines
      .filter((line) => !line.startsWith(without))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  const [before, after] = [side('+'), side('-')];
  // Places begin with a line. Two of them may share the break between them.
  const found = [...`\n${text}`.matchAll(new RegExp(`(?<=\\n)(?=${escaped(before)})`, 'g'))].map(
    ({ index }) => index - 1,
  );
  if (found.length !== 1) throw new Error(`${path} has ${found.length} places like this, not one:\n${before}`);
  return text.slice(0, found[0]) + after + text.slice(found[0]! + before.length);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
