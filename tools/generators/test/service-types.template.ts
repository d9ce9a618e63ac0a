import { planOf } from '../src/service/plan.js';
import { addService } from '../src/service/service-generator.js';
import { repositoryTree } from '../src/testing/repository-tree.js';
import { rows, timestamp } from '../src/testing/service-options.js';
import { typeErrors } from '../src/testing/type-check.js';

/** What Prisma generates, as far as the code uses it. */
const prisma = (ownerId: string): string => `
export interface Parcel { id: string; ownerId: ${ownerId}; reference: string; version: number; createdAt: Date }
interface Where { where: object; orderBy?: object; take?: number }
export class PrismaClient {
  constructor(readonly options: object) {}
  declare parcel: { findFirst(of: Where): Promise<Parcel | null>; findMany(of: Where): Promise<Parcel[]> };
  async $connect(): Promise<void> {}
  async $disconnect(): Promise<void> {}
  $extends(_: object): this { return this; }
}`;

test.each(rows)(
  'a service with %s has the types that it needs, in all of its files',
  async (_, options) => {
    const tree = repositoryTree();
    const plan = planOf(tree, { name: 'parcel', timestamp, ...options });
    await addService(tree, plan);
    const owner = plan.ownerless ? 'string | null' : 'string';
    const client: Record<string, string> = plan.database
      ? { 'apps/parcel/src/generated/prisma/client.ts': prisma(owner) }
      : {};
    expect(typeErrors(tree, 'apps/parcel', client)).toEqual([]);
    expect(typeErrors(tree, 'libs/contracts/src')).toEqual([]);
  },
  300_000,
);
