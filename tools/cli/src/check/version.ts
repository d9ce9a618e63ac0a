import { recordFile } from '@causeway/generators/steps';
import type { CheckedRepository, TemplateFinding } from './finding.js';

/** Whether the template has gone on. */
export function versionFindings({ template }: CheckedRepository): TemplateFinding[] {
  if (template === undefined)
    return [
      {
        severity: 'note',
        check: 'template',
        file: recordFile,
        reason: 'the template is not known or cannot be reached: versions and protections were not compared with it',
        remedy: 'Name it: npx causeway check --from <repository>.',
      },
    ];
  const { version, newest } = template;
  if (version.commit === newest.commit) return [];
  return [
    {
      severity: 'note',
      check: 'template',
      file: recordFile,
      reason: `this repository has the template ${version.version}; there is ${newest.version}`,
      remedy: 'Take it: npx causeway update.',
    },
  ];
}
