import type { AddressBody, AddressView, PostalAddress } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { etag, FieldCipher, PRISMA, versionIn, VersionStale, type ExpectedVersions } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { PrismaClient } from '../generated/prisma/client.js';
import { IdempotentPosts, type IdempotentResponse } from '../idempotent-posts.js';
import { UNIT_OF_WORK, type UserTransaction, type UserUnitOfWork } from '../tokens.js';
import { AddressLimitReached, maxAddresses } from './address.errors.js';
import { openAddress, openPostalAddress, sealAddress, type SealedPostalAddress } from './address-columns.js';

/**
 * The one owner check of addresses: the condition of every statement about one of them, as Prisma takes it and as SQL
 * of `[id, userId]`. A condition, because a check before the statement would cost a round trip, and not be atomic.
 */
const owned = {
  by: (userId: string, id: string) => ({ id, userId }),
  sql: 'id = $1 AND user_id = $2',
};

/** A customer's address book. Another customer's address is reported as missing. */
@Injectable()
export class Addresses {
  constructor(
    @Inject(PRISMA) private readonly prisma: PrismaClient,
    private readonly posts: IdempotentPosts,
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
    private readonly cipher: FieldCipher,
  ) {}

  /** Returns all addresses of a user, oldest first. */
  async list(userId: string): Promise<AddressView[]> {
    const rows = await this.prisma.address.findMany({ where: { userId }, orderBy: { id: 'asc' } });
    return rows.map((row) => openAddress(this.cipher, row));
  }

  /** @throws NotFound */
  async read(userId: string, id: string): Promise<AddressView> {
    const view = await this.find(userId, id);
    if (!view) throw new NotFound(`address ${id}`);
    return view;
  }

  /** Returns undefined for an address that does not exist or belongs to another user. */
  async find(userId: string, id: string): Promise<AddressView | undefined> {
    const row = await this.prisma.address.findFirst({ where: owned.by(userId, id) });
    return row ? openAddress(this.cipher, row) : undefined;
  }

  /**
   * The part that goes on a parcel; undefined like `find`. Every order asks for it, so it is one prepared statement
   * instead of a query of Prisma, and decrypts no more than is needed.
   */
  async findPostal(userId: string, id: string): Promise<PostalAddress | undefined> {
    const { rows } = await this.uow.single(({ sql }) =>
      sql.query<SealedPostalAddress>(
        `SELECT id, recipient_sealed AS "recipientSealed", line1_sealed AS "line1Sealed", line2_sealed AS "line2Sealed",
                postal_code_sealed AS "postalCodeSealed", city_sealed AS "citySealed", country
           FROM addresses WHERE ${owned.sql}`,
        [id, userId],
      ),
    );
    return rows[0] && openPostalAddress(this.cipher, rows[0]);
  }

  /** @throws NotFound for an unknown user, AddressLimitReached, IdempotencyKeyReused, IdempotencyKeyInFlight */
  add(userId: string, body: AddressBody, idempotencyKey: string): Promise<IdempotentResponse> {
    const scope = { subject: userId, route: 'POST /v1/users/me/addresses', key: idempotencyKey };
    return this.posts.once(scope, body, async (tx) => {
      await this.assertRoom(tx, userId);
      const view = await this.insert(tx, userId, body);
      const headers = { location: `/v1/users/me/addresses/${view.id}`, etag: etag(view.version) };
      return { status: 201, headers, body: view };
    });
  }

  /** @throws NotFound, VersionStale */
  async replace(userId: string, id: string, expected: ExpectedVersions, body: AddressBody): Promise<AddressView> {
    const [row] = await this.prisma.address.updateManyAndReturn({
      where: { ...owned.by(userId, id), ...versionIn(expected) },
      data: { ...sealAddress(this.cipher, id, body), version: { increment: 1 }, updatedAt: new Date() },
    });
    return row ? openAddress(this.cipher, row) : this.refuse(userId, id);
  }

  /** @throws NotFound, VersionStale */
  async remove(userId: string, id: string, expected: ExpectedVersions): Promise<void> {
    const { count } = await this.prisma.address.deleteMany({
      where: { ...owned.by(userId, id), ...versionIn(expected) },
    });
    if (count === 0) await this.refuse(userId, id);
  }

  private async refuse(userId: string, id: string): Promise<never> {
    await this.read(userId, id);
    throw new VersionStale(`address ${id}`);
  }

  /** Locks the user's row, so that two concurrent requests cannot both take the last free slot. */
  private async assertRoom({ sql }: UserTransaction, userId: string): Promise<void> {
    const locked = await sql.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [userId]);
    if (locked.rowCount === 0) throw new NotFound(`user ${userId}`);
    const { rows } = await sql.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM addresses WHERE user_id = $1',
      [userId],
    );
    if (rows[0]!.count >= maxAddresses) throw new AddressLimitReached();
  }

  private async insert({ sql }: UserTransaction, userId: string, body: AddressBody): Promise<AddressView> {
    const id = uuidv7();
    const sealed = sealAddress(this.cipher, id, body);
    await sql.query(
      `INSERT INTO addresses (id, user_id, label_sealed, recipient_sealed, line1_sealed, line2_sealed, postal_code_sealed,
                              city_sealed, country, version, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, now(), now())`,
      [
        id,
        userId,
        sealed.labelSealed,
        sealed.recipientSealed,
        sealed.line1Sealed,
        sealed.line2Sealed,
        sealed.postalCodeSealed,
        sealed.citySealed,
        sealed.country,
      ],
    );
    return { ...body, id, version: 1 };
  }
}
