// `npm run test:template`: the life of a fork, in a copy of the repository. It takes minutes: a copy installs, builds
// and tests itself. After `--`, parts of paths of tests to run alone.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { runSuite } from '@causeway/testkit/run-suite';

process.exitCode = await runSuite('template', 'tools/generators', process.argv.slice(2));
