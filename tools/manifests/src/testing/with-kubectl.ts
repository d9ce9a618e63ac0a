import { writeSync } from 'node:fs';
import { kubectlAvailable } from '../render.js';

const available = kubectlAvailable();
// Written as it is: Jest would wrap a console.warn into a stack trace.
if (!available) {
  const line =
    'SKIPPED: k8s/overlays are not rendered and not checked, because there is no kubectl on the PATH (kubernetes.io/docs/tasks/tools)';
  writeSync(2, `\n${line}\n`);
}

/** `describe` where kubectl can render; elsewhere the tests are shown as skipped, after a line that says why. */
export const withKubectl = available ? describe : describe.skip;
