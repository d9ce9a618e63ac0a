// `npm run k8s:canary -- order 10`: the share of requests that go to a new version.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { canaryUsage, parseCanaryOptions } from './canary/options.js';
import { shiftCanary } from './canary/shift.js';
import { Refused } from './run.js';

try {
  const options = parseCanaryOptions(process.argv.slice(2));
  if (options === undefined) console.log(canaryUsage);
  else await shiftCanary(options, (line) => console.log(line));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
