import type { Manifest } from '@causeway/manifests';
import { fieldManager, type Kubectl } from './kubectl.js';

/** A restart without any care: no new pod before an old one goes, no preStop, no time to finish. */
const careless = JSON.stringify({
  spec: {
    strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '100%' } },
    template: {
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'service', lifecycle: null }] },
    },
  },
});

/**
 * Takes away the settings that make a restart graceful, runs `work`, and restores them in any case.
 * (`kubectl delete pod --force` does not do: the kubelet still grants the pod its own grace.)
 * @param deployment As it was applied.
 */
export async function withoutDrain(kubectl: Kubectl, deployment: Manifest, work: () => Promise<void>): Promise<void> {
  const { name } = deployment.body.metadata;
  try {
    await kubectl.must(['patch', `deployment/${name}`, '--type=strategic', `--patch=${careless}`]);
    await work();
  } finally {
    await kubectl.must(['apply', '--server-side', fieldManager, '--force-conflicts', '--filename=-'], {
      input: JSON.stringify(deployment.body),
    });
  }
}
