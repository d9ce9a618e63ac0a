import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Shows mail that services write into a folder from now on: to whom, about what, and its link, which somebody who tries
 * the system wants to open. Looks every 500 ms.
 * @returns stops it
 */
export function announceMails(folder: string, show: (line: string) => void): () => void {
  const names = (): string[] => (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith('.eml'));
  const seen = new Set(names());
  const timer = setInterval(() => {
    for (const name of names().sort()) {
      if (seen.has(name)) continue;
      seen.add(name);
      show(summaryOf(readFileSync(join(folder, name), 'utf8')));
    }
  }, 500);
  return () => clearInterval(timer);
}

/** One line about a mail: `mail to ada@example.com: Reset your password http://…`. */
export function summaryOf(message: string): string {
  const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1] ?? '?';
  const link = /https?:\/\/\S+/.exec(message)?.[0] ?? '';
  return `mail to ${header('To')}: ${header('Subject')} ${link}`.trimEnd();
}
