import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTransport } from 'nodemailer';
import { v7 as uuidv7 } from 'uuid';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Hands mail over. It may be handed over twice, when a process dies in between. */
export interface Mailer {
  /** Resolves once the mail server has it. @throws Error; nothing is known about the mail then */
  send(mail: Mail): Promise<void>;
}

export interface MailSettings {
  readonly MAIL_URL: string;
  readonly MAIL_FROM: string;
  readonly MAIL_PASSWORD?: string | undefined;
}

export const createMailer = ({ MAIL_URL: url, MAIL_FROM: from, MAIL_PASSWORD: password = '' }: MailSettings): Mailer =>
  url.startsWith('file:') ? new FolderMailer(fileURLToPath(url), from) : new SmtpMailer(url, password, from);

/** A mail server must not hold a mail, and with it the queue, for longer than this, milliseconds. */
const timeoutMs = 10_000;
const loopback = /^(127\.0\.0\.1|\[::1\]|localhost)$/;

class SmtpMailer implements Mailer {
  private readonly transport;

  constructor(
    url: string,
    password: string,
    private readonly from: string,
  ) {
    const { protocol, hostname, port, username } = new URL(url);
    this.transport = createTransport({
      host: hostname,
      port: port === '' ? (protocol === 'smtps:' ? 465 : 587) : Number(port),
      secure: protocol === 'smtps:',
      // Mails contain links that change a password: they do not cross a network in the clear.
      requireTLS: protocol === 'smtp:' && !loopback.test(hostname),
      ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: password } }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
    });
  }

  async send(mail: Mail): Promise<void> {
    await this.transport.sendMail({ from: this.from, ...mail });
  }
}

/** Writes each mail into a file of its own that a mail program opens, and a person can read as it is. */
class FolderMailer implements Mailer {
  constructor(
    private readonly folder: string,
    private readonly from: string,
  ) {}

  async send({ to, subject, text }: Mail): Promise<void> {
    const message = [
      `From: ${this.from}`,
      `To: ${to}`,
      `Subject: ${subject}`,
      `Date: ${new Date().toUTCString()}`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      text,
    ].join('\n');
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file = join(this.folder, `${uuidv7()}.eml`);
    // Renamed at the end, so that whoever watches the folder never sees half a mail.
    await writeFile(`${file}.part`, message, { mode: 0o600 });
    await rename(`${file}.part`, file);
  }
}
