import { describeWhen } from '@causeway/testkit/describe-when';
import { kubectlAvailable } from '../render.js';

/** `describe` where kubectl can render. */
export const withKubectl = describeWhen(kubectlAvailable(), {
  missing: 'there is no kubectl on the PATH',
  remedy: 'install it: https://kubernetes.io/docs/tasks/tools',
});
