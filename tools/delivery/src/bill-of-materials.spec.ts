import { billOfMaterials, checkBill, type BaseContents } from './bill-of-materials.js';
import { nameOf, productionPackages, readLock } from './lock.js';
import { root } from './places.js';

const lock = readLock(root);
const options = {
  app: 'user',
  workspace: 'apps/user',
  version: 'git-0123456789ab',
  revision: '0123456789abcdef0123456789abcdef01234567',
  created: new Date('2026-01-01T00:00:00Z'),
  lock,
  packages: productionPackages(lock, ['apps/user']).map((place) => `${nameOf(place)}@${lock[place]!.version}`),
};
const base: BaseContents = {
  node: '24.21.0',
  system: { id: 'debian', version: '12' },
  packages: [{ name: 'libssl3', version: '3.0.1-1', arch: 'amd64', source: { name: 'openssl', version: '3.0.1' } }],
};
interface Document {
  serialNumber: string;
  metadata: { component: { name: string; version: string } };
  components: {
    'bom-ref': string;
    group?: string;
    name: string;
    version: string;
    purl?: string;
    licenses?: unknown[];
    hashes?: { alg: string; content: string }[];
  }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}
const document = async (more: Partial<Parameters<typeof billOfMaterials>[0]> = {}) =>
  JSON.parse(await billOfMaterials({ ...options, ...more })) as Document;

test('every npm package has a purl, a licence and the hash of the lock', async () => {
  const { components, metadata } = await document();
  expect(metadata.component).toMatchObject({ name: 'user', version: 'git-0123456789ab' });
  expect(components).toHaveLength(new Set(options.packages).size);
  const { integrity } = lock['node_modules/@nestjs/core']!;
  const core = components.find(({ purl }) => purl?.startsWith('pkg:npm/%40nestjs/core@'));
  expect(core).toMatchObject({
    group: '@nestjs',
    name: 'core',
    version: lock['node_modules/@nestjs/core']!.version,
    licenses: [{ license: { id: 'MIT' } }],
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity!.slice(7), 'base64').toString('hex') }],
  });
  const incomplete = components.filter(({ purl, licenses, hashes }) => !purl || !licenses?.length || !hashes?.length);
  expect(incomplete.map((component) => component['bom-ref'])).toEqual([]);
});

test('the graph says what the app needs, and what that needs', async () => {
  const { dependencies } = await document();
  const of = (ref: string) => dependencies.find((entry) => entry.ref.startsWith(ref))?.dependsOn ?? [];
  expect(of('user')).toContainEqual(expect.stringMatching(/^@nestjs\/core@/));
  expect(of('@nestjs/core@')).toContainEqual(expect.stringMatching(/^@nestjs\/common@/));
});

test('the base adds Node, the system and its packages as scanners know them', async () => {
  const { components } = await document({ base });
  const purls = components.map(({ purl }) => purl);
  expect(purls).toContain('pkg:generic/node@24.21.0');
  expect(purls).toContain('pkg:deb/debian/libssl3@3.0.1-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.1');
});

test('the same commit gives the same document', async () => {
  expect(await billOfMaterials(options)).toBe(await billOfMaterials(options));
  expect((await document()).serialNumber).not.toBe((await document({ version: 'git-1' })).serialNumber);
});

test('a package that the lock does not know is an error', async () => {
  await expect(billOfMaterials({ ...options, packages: ['pg@0.0.1'] })).rejects.toThrow(
    'pg@0.0.1 is in the image, but not in package-lock.json',
  );
});

test('a document that breaks the schema is an error', async () => {
  const good = await billOfMaterials(options);
  await expect(checkBill(good)).resolves.toBeUndefined();
  await expect(checkBill(good.replace('"SHA-512"', '"SHA-513"'))).rejects.toThrow('does not keep to the schema');
  await expect(checkBill(good.replace('"bomFormat"', '"format"'))).rejects.toThrow('does not keep to the schema');
});
