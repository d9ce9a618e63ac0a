import type { AttackedSystem } from './attacked-system.js';
// demo
import { restock } from './demo/restock.js';
// end demo

/** What every attack can count on. */
export async function prepare(system: AttackedSystem): Promise<void> {
  // demo
  await restock(system);
  // end demo
  // Nothing else: the victim and the stranger have signed in.
  await system.victim.issued();
}
