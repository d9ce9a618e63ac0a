import type { Manifest } from '@causeway/manifests';
import { fieldManager, type Kubectl } from './kubectl.js';

/** Everything that a restart does with care, left out: no new pod before an old one goes, no preStop, no time to finish. */
const careless = JSON.stringify({
  spec: {
    strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '100%' } },
    template: {
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'service', lifecycle: null }] },
    },
  },
});

/**
 * Restarts a Deployment as somebody would who knows nothing of draining, and gives it back what was taken away, whatever happens in between.
 * (`kubectl delete pod --force` would not do: the kubelet then still takes the time that the pod's own grace gives it.)
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
