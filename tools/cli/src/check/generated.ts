import { contractChanges, publishedContracts } from '../contracts/published.js';
import { currentContracts } from '@causeway/contracts/published';
import type { Tooling } from '../update/tooling.js';
import type { CheckedRepository, TemplateFinding } from './finding.js';

/** Files that follow from others and do not: manifests, configuration of the broker, documents, the contract record. */
export async function generatedFindings({ root }: CheckedRepository, tooling: Tooling): Promise<TemplateFinding[]> {
  const stale = await tooling.staleFiles(root);
  return [...stale.map(staleFinding), ...contractFindings()];
}

const staleFinding = (file: string): TemplateFinding => ({
  severity: 'error',
  check: 'generated',
  file,
  reason: 'it is not what the list of services and the contracts say: what runs is not what is reviewed',
  remedy: 'npm run generate',
});

const record = 'libs/contracts/published.json';

function contractFindings(): TemplateFinding[] {
  const { breaking, unrecorded } = contractChanges(publishedContracts(), currentContracts());
  return [
    ...breaking.map((sentence): TemplateFinding => ({
      severity: 'error',
      check: 'generated',
      file: record,
      reason: `${sentence}: old clients, consumers or stored messages break`,
      remedy: 'Add a new version beside the old one: libs/contracts/README.md.',
    })),
    ...(unrecorded.length > 0 && breaking.length === 0
      ? [
          {
            severity: 'error' as const,
            check: 'generated',
            file: record,
            reason: `new or changed and not recorded: ${unrecorded.join(', ')}`,
            remedy: 'npx causeway contracts snapshot',
          },
        ]
      : []),
  ];
}
