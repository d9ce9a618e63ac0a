import { delimiter, join } from 'node:path';
import { isExecutable } from '@causeway/launcher/packages';
import { describeWhen } from '@causeway/testkit/describe-when';

/** Where Debian puts programs of the system that are not on everybody's PATH. */
const more = ['/usr/sbin', '/sbin'];

export const findProgram = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...more]
    .map((folder) => join(folder, name))
    .find(isExecutable);

/** `describe` where programs are installed. @param packages Of Debian, that have them. */
export const withPrograms = (names: readonly string[], packages: string): ReturnType<typeof describeWhen> => {
  const missing = names.filter((name) => !findProgram(name));
  return describeWhen(missing.length === 0, {
    missing: `there is no ${missing.join(', no ')} on the PATH`,
    remedy: `on Debian: apt-get install ${packages}`,
  });
};
