import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { overlays, render, root } from './render.js';
import { withKubectl } from './testing/with-kubectl.js';
import { reservedNames, valuesToSet } from './to-set.js';

describe('what has to be set', () => {
  let folder: string;
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'causeway-to-set-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is found with its line', () => {
    write(
      'o/kustomization.yaml',
      `images:\n  - newName: registry.example.org/a\n    digest: sha256:${'0'.repeat(64)}\n`,
    );
    write(
      'o/a.env',
      'A=https://shop.example.org/x\n# set: the network of the pods\nTRUST_PROXY=10.0.0.0/8\n# like shop.example.org\nB=example\n',
    );
    write('o/more/g.yaml', 'a: 1\n# set: the class\n# of the cluster\n- class: eg\nb: x.test\nc: nats.testing.svc\n');
    write('c/g.yaml', 'a: shop.example.org\n');
    expect(valuesToSet(folder, 'o').map(({ file, line, value, certain }) => [file, line, value, certain])).toEqual([
      ['o/a.env', 1, 'shop.example.org', true],
      ['o/a.env', 3, 'TRUST_PROXY=10.0.0.0/8', false],
      ['o/kustomization.yaml', 2, 'registry.example.org', true],
      ['o/kustomization.yaml', 3, 'sha256:000…', true],
      ['o/more/g.yaml', 4, 'class: eg', false],
      ['o/more/g.yaml', 5, 'x.test', true],
    ]);
  });
});

withKubectl('what is rendered', () => {
  test.each(overlays)('%s: every name that leads nowhere can be set in the overlay', (overlay) => {
    const rendered = new Set(reservedNames(JSON.stringify(render(overlay).manifests)));
    const listed = valuesToSet(root, `k8s/overlays/${overlay}`).map(({ value }) => value);
    expect([...rendered].filter((name) => !listed.includes(name))).toEqual([]);
  });
});

test('a class of Gateways is named by each overlay, and kind needs nothing', () => {
  for (const overlay of ['staging', 'production'])
    expect(valuesToSet(root, `k8s/overlays/${overlay}`)).toContainEqual(
      expect.objectContaining({ file: `k8s/overlays/${overlay}/kustomization.yaml`, value: 'value: eg' }),
    );
  expect(valuesToSet(root, 'k8s/overlays/kind')).toEqual([]);
});
