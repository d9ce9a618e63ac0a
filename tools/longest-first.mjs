// The order of the test files. Jest knows how long a file took only where it ran before; in a fresh clone it goes by
// size, and a system test of minutes that comes last leaves all workers but one without work.
import TestSequencer from '@jest/test-sequencer';

const kinds = ['.e2e.spec.ts', '.int.spec.ts', '.spec.ts'];
const kindOf = ({ path }) => kinds.findIndex((ending) => path.endsWith(ending));

export default class LongestFirst extends TestSequencer {
  /** System tests, then those with a database, then the rest; among equals as Jest would. */
  sort(tests) {
    return super.sort(tests).sort((a, b) => kindOf(a) - kindOf(b));
  }
}
