import { readFileSync } from 'node:fs';
import { heapOfContainer, mostMemoryMiB } from './memory.js';

test('an attacked service has the memory of a container in Kubernetes', () => {
  const manifest = readFileSync(new URL('../../../k8s/base/service/deployment.yaml', import.meta.url), 'utf8');
  expect(manifest).toContain(`limits:\n              memory: ${mostMemoryMiB}Mi`);
  expect(manifest).toContain('--max-old-space-size-percentage=60 --max-semi-space-size=8');
  expect(heapOfContainer).toBe('--max-old-space-size=153 --max-semi-space-size=8');
});
