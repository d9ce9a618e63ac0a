import { email, type Role } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { BlindIndex, type Sql } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { endAllSessions } from '../sessions/sessions.js';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../tokens.js';
import { userColumns } from './user-columns.js';

export interface RoleHolder {
  readonly userId: string;
  readonly role: Role;
}

export interface RoleChange extends RoleHolder {
  readonly before: Role;
  readonly sessionsEnded: number;
}

/** What people may do: each has one role, and gets the scopes of it (`scopesOf`). */
@Injectable()
export class Roles {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    private readonly index: BlindIndex,
  ) {}

  /** @returns undefined for an unknown person. */
  async of(userId: string): Promise<Role | undefined> {
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<{ role: Role }>('SELECT role FROM users WHERE id = $1', [userId]),
    );
    return rows[0]?.role;
  }

  /** Everybody who is more than a customer. */
  async list(): Promise<RoleHolder[]> {
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<RoleHolder>(`SELECT id AS "userId", role FROM users WHERE role <> 'customer' ORDER BY role, id`),
    );
    return rows;
  }

  /**
   * Gives a person another role, and ends everything they are signed in to: what was issued for the role before ends
   * with it, the last access token within five minutes. Does nothing if they have the role already.
   * @param person User id, or the e-mail address they sign in with.
   * @param who The operator, for the record.
   * @throws NotFound
   */
  change(person: string, role: Role, who: string): Promise<RoleChange> {
    return this.uow.run(async ({ sql, security }) => {
      const { userId, role: before } = await this.lock(sql, person);
      if (before === role) return { userId, role, before, sessionsEnded: 0 };
      const sessionsEnded = await endAllSessions(sql, userId);
      await sql.query('UPDATE users SET role = $2 WHERE id = $1', [userId, role]);
      await security.record({
        type: role === 'customer' ? 'role.revoked' : 'role.granted',
        outcome: 'success',
        actor: who,
        subject: userId,
        details: { before, role },
      });
      return { userId, role, before, sessionsEnded };
    });
  }

  private async lock(sql: Sql, person: string): Promise<RoleHolder> {
    const byEmail = email.safeParse(person).success;
    const { rows } = await sql.query<RoleHolder>(
      `SELECT id AS "userId", role FROM users WHERE ${byEmail ? 'email_index' : 'id'} = $1 FOR UPDATE`,
      [byEmail ? this.index.of(person, userColumns.email) : person],
    );
    // An e-mail address belongs in no message: it would be logged.
    if (!rows[0]) throw new NotFound(byEmail ? 'an account with this e-mail address' : `user ${person}`);
    return rows[0];
  }
}
