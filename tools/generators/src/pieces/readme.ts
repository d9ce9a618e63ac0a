import type { Tree } from '@nx/devkit';
import { formatted } from '../edit/file.js';

/** The lines of a README that name subjects, each with what stands there when there are none. */
const nothing = { Publishes: 'nothing', Consumes: 'no messages', Serves: 'no RPCs', Routes: 'none' } as const;
export type ReadmeLine = keyof typeof nothing;

/** The README of a service names what it publishes, consumes and serves; a check demands it. */
export async function addToReadme(tree: Tree, service: string, line: ReadmeLine, subject: string): Promise<void> {
  await change(tree, service, (text) => {
    const empty = `- **${line}** ${nothing[line]}.`;
    if (text.includes(empty)) return text.replace(empty, `- **${line}** \`${subject}\`.`);
    const start = `- **${line}** `;
    if (text.includes(start)) return text.replace(start, `${start}\`${subject}\`, `);
    return appendLine(text, plainLine(line, subject));
  });
}

export async function removeFromReadme(tree: Tree, service: string, line: ReadmeLine, subject: string): Promise<void> {
  await change(tree, service, (text) => {
    const plain = plainLine(line, subject);
    if (text.includes(`${plain}\n`)) return text.replace(`${plain}\n`, '');
    const only = `- **${line}** \`${subject}\`.`;
    if (text.includes(only)) return text.replace(only, `- **${line}** ${nothing[line]}.`);
    // Lines are broken anew by Prettier, so there may be a line break behind the comma.
    const among = new RegExp(`(^- \\*\\*${line}\\*\\*\\s+(?:\`[^\`]+\`,\\s+)*)\`${escaped(subject)}\`,\\s+`, 'm');
    return text.replace(among, '$1');
  });
}

/** Routes are named where the README has a line for them; the API documents are where they are described. */
export async function addRouteToReadme(tree: Tree, service: string, route: string): Promise<void> {
  if (tree.read(`apps/${service}/README.md`, 'utf8')?.includes('- **Routes** '))
    await addToReadme(tree, service, 'Routes', route);
}
export const removeRouteFromReadme = (tree: Tree, service: string, route: string): Promise<void> =>
  removeFromReadme(tree, service, 'Routes', route);

const escaped = (text: string): string => text.replaceAll(/[.{}]/g, '\\$&');

async function change(tree: Tree, service: string, edit: (text: string) => string): Promise<void> {
  const path = `apps/${service}/README.md`;
  const before = tree.read(path, 'utf8');
  if (before === null) return;
  const after = edit(before);
  if (after !== before) tree.write(path, await formatted(tree.root, path, after));
}

/** What a README gets that has no such line yet. It goes as it came. */
const plainLine = (line: ReadmeLine, subject: string): string => `- ${line} \`${subject}\`.`;

/** To the list of the section about messages, otherwise at the end. */
function appendLine(text: string, line: string): string {
  const lines = text.split('\n');
  const heading = lines.findIndex((each) => /^## .*(publish|message|essential)/i.test(each));
  const after = (test: (each: string) => boolean, from: number): number => {
    const found = lines.findIndex((each, at) => at > from && test(each));
    return found < 0 ? lines.length : found;
  };
  const end = heading < 0 ? -1 : after((each) => each.startsWith('## '), heading);
  const last = lines.findLastIndex((each, at) => at > heading && at < end && each.startsWith('- '));
  if (last < 0) return `${text.trimEnd()}\n\n${line}\n`;
  lines.splice(
    after((each) => !each.startsWith('  '), last),
    0,
    line,
  );
  return lines.join('\n');
}
