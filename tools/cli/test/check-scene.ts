import { checkRepository } from '../src/check/check.js';
import type { TemplateFinding } from '../src/check/finding.js';
import type { Tooling } from '../src/update/tooling.js';
import type { UpdateParts } from '../src/update/update.js';
import { templateAddress, UpdateScene } from './update-scene.js';

/** A template with protections, and a fork of it. */
export function checkScene(): UpdateScene {
  const scene = new UpdateScene('check-');
  scene.template.commit('protections', {
    'tools/checks/src/one.spec.ts': "test('one', () => { expect(oldname).toBe([1, 2]); });\n",
    'tools/checks/src/two.spec.ts': 'two\n',
    'eslint.config.mjs': 'export default [];\n',
    'k8s/base/platform/policy.yaml': 'kind: NetworkPolicy\nmetadata: { name: deny }\n',
    'k8s/base/platform/note.yaml': 'kind: ConfigMap\n',
    'libs/own.ts': 'own\n',
    'apps/order/package.json':
      '{ "name": "order", "dependencies": { "pg": "8.23.1", "zod": "4.6.7", "nats": "2.0.0" } }\n',
    '.github/workflows/deliver.yml': `uses: actions/checkout@${'a'.repeat(40)} # v7\n`,
    'docker/compose.yaml': 'image: nats:2.12.4\n',
  });
  scene.template.git('tag', '--force', 'v1');
  scene.fork = scene.clone('checked');
  return scene;
}

/** What differs, but for the list of services and the contracts, which are those of this repository, not of the scene. */
export async function differencesIn(
  scene: UpdateScene,
  tooling: Partial<Tooling> = {},
  from: string | null = templateAddress,
): Promise<TemplateFinding[]> {
  const parts: UpdateParts = scene.parts();
  const findings = await checkRepository(
    { from: from ?? undefined },
    { ...parts, tooling: { ...parts.tooling, ...tooling } },
  );
  return findings.filter(({ check, file }) => check !== 'services' && file !== 'libs/contracts/published.json');
}
export const short = (findings: readonly TemplateFinding[]): string[] =>
  findings.map(({ severity, check, file }) => `${severity} ${check} ${file}`);
