import { describeWhen } from '@causeway/testkit/describe-when';
import { howToInstallKubectl, provideKubectl } from '../kubectl.js';

const missing = await provideKubectl();

/** `describe` where kubectl can render: it is fetched once where the machine has none. */
export const withKubectl = describeWhen(missing === undefined, {
  missing: missing ?? '',
  remedy: howToInstallKubectl,
});
