import type { ChangeUserBody, UserView } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { FieldCipher, PRISMA, versionIn, VersionStale, type ExpectedVersions } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { PrismaClient, User } from '../generated/prisma/client.js';
import { UNIT_OF_WORK, type UserUnitOfWork } from '../tokens.js';
import { userColumns } from './user-columns.js';

/** Reads and changes a user's profile. */
@Injectable()
export class Profiles {
  constructor(
    @Inject(PRISMA) private readonly prisma: PrismaClient,
    private readonly cipher: FieldCipher,
    @Inject(UNIT_OF_WORK) private readonly uow: UserUnitOfWork,
  ) {}

  /** @throws NotFound */
  async read(userId: string): Promise<UserView> {
    const view = await this.find(userId);
    if (!view) throw new NotFound(`user ${userId}`);
    return view;
  }

  /** For support: the profile of somebody else. Who read it is on record. @throws NotFound */
  async readAny(userId: string, readerId: string): Promise<UserView> {
    const view = await this.read(userId);
    await this.uow.single(({ security }) =>
      security.record({ type: 'profile.read', outcome: 'success', actor: readerId, subject: userId }),
    );
    return view;
  }

  async find(userId: string): Promise<UserView | undefined> {
    const row = await this.prisma.user.findUnique({ where: { id: userId } });
    return row ? this.view(row) : undefined;
  }

  /**
   * @param expected Versions the change may be based on.
   * @throws NotFound, VersionStale
   */
  async change(userId: string, expected: ExpectedVersions, { displayName }: ChangeUserBody): Promise<UserView> {
    const [row] = await this.prisma.user.updateManyAndReturn({
      where: { id: userId, ...versionIn(expected) },
      data: {
        displayNameSealed: this.cipher.encrypt(displayName, userColumns.displayName, userId),
        version: { increment: 1 },
        updatedAt: new Date(),
      },
    });
    if (row) return this.view(row);
    await this.read(userId);
    throw new VersionStale(`user ${userId}`);
  }

  private view(row: User): UserView {
    return {
      id: row.id,
      email: this.cipher.decrypt(row.emailSealed, userColumns.email, row.id),
      displayName: this.cipher.decrypt(row.displayNameSealed, userColumns.displayName, row.id),
      emailVerified: row.emailVerifiedAt !== null,
      version: row.version,
      createdAt: row.createdAt.toISOString(),
      updatedAt: row.updatedAt.toISOString(),
    };
  }
}
