import { AttackedSystem } from '../src/attacked-system.js';
import { attacks } from '../src/attacks.js';
import { prepare } from '../src/prepare.js';
import { runAttack } from '../src/run-attacks.js';

/** The fast part of `npm run test:security`: a sample of every attack that needs no waiting. */
let system: AttackedSystem;
beforeAll(async () => {
  system = await AttackedSystem.start({ thorough: false });
  await prepare(system);
}, 240_000);
afterAll(() => system?.stop(), 120_000);

const fast = attacks.filter((attack) => attack.fast);
test.each(fast.map((attack) => [attack.id, attack.about, attack] as const))('%s: %s', async (_id, _about, attack) => {
  expect((await runAttack(system, attack)).faults).toEqual([]);
});
