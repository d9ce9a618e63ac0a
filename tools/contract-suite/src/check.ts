import type { World } from './world.js';

/** One promise of a service. */
export interface Check {
  /** `placeOrder/token-forged`: what an exception of a fixture names. */
  readonly id: string;
  /** One line, for people: "a forged token is refused". */
  readonly about: string;
  /** Rejects when the promise is broken; the message says what was expected and what came. */
  run(world: World): Promise<void>;
}
