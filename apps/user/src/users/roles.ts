import type { Role } from '@causeway/contracts';
import { PRISMA } from '@causeway/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { PrismaClient } from '../generated/prisma/client.js';

/** What people may do: each has one role, and gets the scopes of it (`scopesOf`). */
@Injectable()
export class Roles {
  constructor(@Inject(PRISMA) private readonly prisma: PrismaClient) {}

  /** @returns undefined for an unknown person. */
  async of(userId: string): Promise<Role | undefined> {
    const row = await this.prisma.user.findUnique({ where: { id: userId }, select: { role: true } });
    return row?.role as Role | undefined;
  }
}
