import type { BlindIndex, FieldCipher, Transaction, UnitOfWork } from '@causeway/persistence';
import { asWork, WakeSignal } from '@causeway/resilience';
import { getLogger } from '@causeway/telemetry';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { userColumns } from '../users/user-columns.js';
import { storeLink } from './account-links.js';
import { letterMinutes, mailOf, type Letter } from './letters.js';
import type { Mailer } from './mailer.js';

const log = getLogger('mail');
const sealedColumn = 'mails.letter';
const minuteMs = 60_000;
/** Pause between two looks for mail that is due; mail of this process is sent at once. */
const pollMs = 5_000;
/** A mail that a process took and did not send, because it died, is taken again after that, seconds. */
const leaseSeconds = 60;

interface Due {
  id: string;
  letter_sealed: string;
  attempts: number;
  expires_at: Date;
}

interface UserRow {
  id: string;
  email_sealed: string;
}

const claimSql = `
UPDATE mails SET due_at = now() + make_interval(secs => ${leaseSeconds}), attempts = attempts + 1
 WHERE id = (SELECT id FROM mails WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, letter_sealed, attempts, expires_at`;

/**
 * Mail is written down in the transaction of the change that is its reason, and sent after that: a mail server that is
 * down delays a mail and loses none. It is sent again after 10 s, 20 s, 40 s, … until it is of no use any more; if a
 * process dies between sending a mail and deleting its row, it is sent twice.
 */
export class MailQueue implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly signal = new WakeSignal();
  private stopping = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly uow: UnitOfWork<Transaction>,
    private readonly cipher: FieldCipher,
    private readonly index: BlindIndex,
    private readonly mailer: Mailer,
    private readonly issuer: string,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = asWork('background', () => this.run());
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    this.signal.wake();
    await this.loop;
  }

  /** Adds a letter, to be sent if `tx` commits. Takes the same time for every letter of a kind. */
  async enqueue(tx: Transaction, letter: Letter): Promise<void> {
    const id = uuidv7();
    await tx.sql.query('INSERT INTO mails (id, letter_sealed, due_at, expires_at) VALUES ($1, $2, now(), $3)', [
      id,
      this.cipher.encrypt(JSON.stringify(letter), sealedColumn, id),
      new Date(Date.now() + letterMinutes[letter.kind] * minuteMs),
    ]);
    tx.afterCommit(() => this.signal.wake());
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const worked = await this.sendNext().catch((err: unknown) => {
        // The database is not available. Health checks and requests report that; this worker just polls again.
        log.warn({ err }, 'mail could not be read; polling again');
        return false;
      });
      if (!worked) await this.signal.wait(pollMs);
    }
  }

  /** @returns False when no mail is due. */
  private async sendNext(): Promise<boolean> {
    const due = (await this.uow.single(({ sql }) => sql.query<Due>(claimSql))).rows[0];
    if (!due) return false;
    const expired = due.expires_at.getTime() <= Date.now();
    if (expired) log.error({ attempts: due.attempts }, `mail ${due.id} was given up: it is of no use any more`);
    if (expired || (await this.send(due)))
      await this.uow.single(({ sql }) => sql.query('DELETE FROM mails WHERE id = $1', [due.id]));
    return true;
  }

  /** @returns False when it is to be tried again. */
  private async send(due: Due): Promise<boolean> {
    const { id, attempts } = due;
    const letter = JSON.parse(this.cipher.decrypt(due.letter_sealed, sealedColumn, id)) as Letter;
    try {
      const recipient = await this.recipientOf(letter, due.expires_at);
      if (!recipient) return true;
      await this.mailer.send(mailOf(letter, recipient, this.issuer));
      log.info(`mail ${id} was sent: ${letter.kind}`);
      return true;
    } catch (err) {
      const seconds = Math.min(5 * 2 ** attempts, 600);
      log.warn({ err, attempts }, `mail ${id} could not be sent; trying again in ${seconds} s`);
      await this.uow.single(({ sql }) =>
        sql.query('UPDATE mails SET due_at = now() + make_interval(secs => $2) WHERE id = $1', [id, seconds]),
      );
      return false;
    }
  }

  /** @returns Undefined for an account that does not exist: then there is nobody to write to. */
  private async recipientOf(letter: Letter, expiresAt: Date): Promise<string | undefined> {
    const user = await this.find(letter);
    if (!user) return undefined;
    if (letter.kind === 'reset-password') {
      const link = { token: letter.token, purpose: letter.kind, userId: user.id, expiresAt };
      await this.uow.single(({ sql }) => storeLink(sql, link));
    }
    return this.cipher.decrypt(user.email_sealed, userColumns.email, user.id);
  }

  private async find(letter: Letter): Promise<UserRow | undefined> {
    const [column, value] =
      'email' in letter ? ['email_index', this.index.of(letter.email, userColumns.email)] : ['id', letter.userId];
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<UserRow>(`SELECT id, email_sealed FROM users WHERE ${column} = $1`, [value]),
    );
    return rows[0];
  }
}
