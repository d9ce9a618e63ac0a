import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inside } from './attacked-system.js';

/** Longest wait for a mail, milliseconds. They are sent after the answer to the request that asks for them. */
const patienceMs = 60_000;

/** Every mail to somebody so far, as text. */
export async function mailsTo({ system }: Inside, email: string): Promise<readonly string[]> {
  const folder = join(system.folder, 'mails');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml'));
  const texts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
  return texts.filter((text) => text.includes(`To: ${email}`));
}

/** The secret of the newest link of a kind, such as `password/new`, that was mailed to somebody; waits for it. */
export async function linkTo(inside: Inside, email: string, kind: string): Promise<string> {
  for (const endAt = performance.now() + patienceMs; performance.now() < endAt;) {
    const mails = await mailsTo(inside, email);
    const [, token] = new RegExp(`/${kind}\\?token=([\\w-]+)`).exec(mails.toReversed().join('\n')) ?? [];
    if (token !== undefined) return token;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no mail to ${email} with a link to ${kind}`);
}
