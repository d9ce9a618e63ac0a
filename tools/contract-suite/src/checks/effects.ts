import { differenceOf } from '../database.js';
import { expectThat, pause } from '../broken.js';
import type { World } from '../world.js';

/** What a service has done so far, as far as anybody can see. */
export interface Effects {
  readonly tables: Readonly<Record<string, string>>;
  readonly messages: number;
}

/** How long a service without a database may take to publish something that it should not, milliseconds. */
const quietMs = 500;

export async function effectsSoFar({ database, broker }: World): Promise<Effects> {
  if (!database) await pause(quietMs);
  const tables = (await database?.atRest()) ?? {};
  return { tables, messages: broker.published().length };
}

/** @param about What should have had no effect. */
export async function expectNoEffectSince(world: World, before: Effects, about: string): Promise<void> {
  const after = await effectsSoFar(world);
  const changed = differenceOf(before.tables, after.tables);
  expectThat(changed.length === 0, () => `${about} changed ${changed.join(', ')}`);
  const more = world.broker.published().slice(before.messages);
  expectThat(more.length === 0, () => `${about} published ${more.map(({ subject }) => subject).join(', ')}`);
}

export const anyEffectSince = async (world: World, before: Effects): Promise<boolean> => {
  const after = await effectsSoFar(world);
  return differenceOf(before.tables, after.tables).length > 0 || after.messages > before.messages;
};
