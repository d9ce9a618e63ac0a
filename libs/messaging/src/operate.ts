/** What a tool needs to look at a running system and to cure it; without Nest, so that it starts fast. */
export {
  discardDeadLetter,
  readDeadLetter,
  readDeadLetters,
  replayDeadLetter,
  replaySubject,
  type DeadLetter,
} from './consume/dead-letters.js';
export { streamOfConsumer } from './topology/declared.js';
export { compareTopology, type TopologyDifference } from './topology/provision.js';
