import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Rendered } from '@causeway/manifests';
import { Kubectl } from './kubectl.js';
import { rollUnderLoad } from './rolling.js';
import { FakePrograms } from './testing/fake-programs.js';

const names = ['gateway', 'order'];
const rendered: Rendered = {
  overlay: 'kind',
  manifests: names.map((name) => ({
    file: 'x',
    body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
  })),
};
const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
const items = names.map((name) => ({
  kind: 'Deployment',
  metadata: { name, generation: 1 },
  spec: { replicas: 1 },
  status,
}));

test('every Deployment is restarted in turn, and one failed request fails the run', async () => {
  const fakes = new FakePrograms();
  fakes.answer([{ to: 'kubectl get deployments', stdout: JSON.stringify({ items }) }]);
  const server = createServer((_, response) => response.writeHead(502).end('bad gateway'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const said: string[] = [];
  try {
    const load = { customers: 1, pauseMs: 1 };
    const rolling = rollUnderLoad(new Kubectl('some'), rendered, {
      url,
      timeoutMs: 5_000,
      say: (line) => said.push(line),
      load,
      quietMs: 20,
      pauseMs: 1,
    });
    const message = await rolling.then(
      () => 'no failure',
      (error: Error) => error.message,
    );
    expect(message).toMatch(/^\d+ of \d+ requests failed:\n {2}POST \/v1\/users answered 502: bad gateway/);
    expect(message).toContain('kubectl --context some --namespace causeway get events');
    expect(fakes.asked.filter((line) => line.includes('restart'))).toEqual(
      names.map((name) => `kubectl rollout restart deployment/${name}`),
    );
    expect(said[1]).toMatch(/^restarted {2}gateway: \d+ requests so far, \d+ failed during it$/);
  } finally {
    fakes.remove();
    server.closeAllConnections();
    server.close();
  }
});
