import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ReceivedMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The first link in it. */
  readonly link: string;
}

/** Reads the mails that a service wrote into the folder of its `MAIL_URL`. */
export class Mailbox {
  constructor(private readonly folder: string) {}

  /** @returns All mails to an address, oldest first. */
  async of(address: string): Promise<ReceivedMail[]> {
    const names = await readdir(this.folder).catch(() => []);
    const files = names.filter((name) => name.endsWith('.eml')).sort();
    const mails = await Promise.all(files.map(async (name) => parse(await readFile(join(this.folder, name), 'utf8'))));
    return mails.filter(({ to }) => to.toLowerCase() === address.toLowerCase());
  }

  /** Waits for the `count`-th mail with this subject to an address. @throws Error after 20 s */
  async next(address: string, subject: string, count = 1): Promise<ReceivedMail> {
    for (const end = Date.now() + 20_000; Date.now() < end;) {
      const mail = (await this.of(address)).filter((each) => each.subject === subject)[count - 1];
      if (mail) return mail;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`no mail "${subject}" came`);
  }
}

function parse(message: string): ReceivedMail {
  const end = message.indexOf('\n\n');
  const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(message.slice(0, end))?.[1] ?? '';
  const text = message.slice(end + 2);
  return { to: header('To'), subject: header('Subject'), text, link: /https?:\/\/\S+/.exec(text)?.[0] ?? '' };
}
