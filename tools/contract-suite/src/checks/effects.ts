import { differenceOf } from '../database.js';
import { ContractBroken, pause } from '../broken.js';
import type { World } from '../world.js';

/** What a service has done so far, as far as anybody can see. */
interface Effects {
  readonly tables: Readonly<Record<string, string>>;
  readonly messages: number;
}

/** How long a service without a database may take to publish something that it should not, milliseconds. */
const quietMs = 300;

async function effectsSoFar({ database, broker }: World): Promise<Effects> {
  if (!database) await pause(quietMs);
  const tables = (await database?.atRest()) ?? {};
  return { tables, messages: broker.published().length };
}

async function effectsSince(world: World, before: Effects): Promise<string[]> {
  const after = await effectsSoFar(world);
  const published = world.broker.published().slice(before.messages);
  return [...differenceOf(before.tables, after.tables), ...published.map(({ subject }) => subject)];
}

/** Runs something, and says whether a table of the service changed, or it published a message. */
export async function hasEffect(world: World, act: () => Promise<void>): Promise<boolean> {
  const before = await effectsSoFar(world);
  await act();
  return (await effectsSince(world, before)).length > 0;
}

/**
 * Something that must have no effect. It is tried up to three times: what an earlier request still does in the
 * background, on a slow machine, must not be taken for its effect. A real one shows each time.
 * @param about For the message: "the same request again".
 * @param prepare Makes what a try needs, and may have effects itself. A request that has had its effect once might have
 *   none the second time, so it is made anew.
 */
export async function expectNoEffect<T>(
  world: World,
  about: string,
  prepare: () => Promise<T>,
  act: (prepared: T) => Promise<void>,
): Promise<void> {
  let effects: string[] = [];
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const prepared = await prepare();
    const before = await effectsSoFar(world);
    await act(prepared);
    effects = await effectsSince(world, before);
    if (effects.length === 0) return;
  }
  throw new ContractBroken(`${about} had an effect each of three times, in ${effects.join(', ')}`);
}
