import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { predicateTypes, signingIdentity, signStatement, statementOf, trustOf } from './attestation.js';
import { provenanceOf } from './provenance.js';
import { attestImage, verifyImage } from './registry.js';
import type { ReleasedImage } from './release.js';

// Against a registry that only answers what this check asks; `npm run test:images` takes a real one.
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const identity = signingIdentity({ SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
const trust = trustOf({ TRUSTED_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString() });
const digest = `sha256:${'d'.repeat(64)}`;
const [older, newer] = ['a'.repeat(40), 'b'.repeat(40)];
const run = {
  source: 'https://git.shop.io/causeway',
  ref: 'refs/heads/main',
  builder: 'https://ci.shop.io',
  run: 'https://ci.shop.io/7',
};
const provenance = (app: string, revision: string) =>
  provenanceOf(app, { version: 'git-1', revision, images: {} }, run);

let server: Server;
let image: ReleasedImage;
let answers: Record<string, unknown>;

beforeEach(async () => {
  answers = {};
  server = createServer(({ url = '' }, response) => {
    const answer = answers[url.replace('/v2/shop/order/', '')];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  image = { name: `127.0.0.1:${(server.address() as AddressInfo).port}/shop/order`, digest };
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** Has a signed image: plain signature, bill of materials, and these provenances. */
async function signedWith(...provenances: unknown[]): Promise<void> {
  const statements = [
    [predicateTypes.signature, {}],
    [predicateTypes.billOfMaterials, {}],
    ...provenances.map((predicate) => [predicateTypes.provenance, predicate]),
  ] as [string, unknown][];
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  for (const [index, [type, predicate]] of statements.entries()) {
    answers[`manifests/sha256:m${index}`] = { layers: [{ digest: `sha256:b${index}` }] };
    const statement = statementOf(image.name, digest, type, predicate);
    answers[`blobs/sha256:b${index}`] = await signStatement(statement, identity);
  }
  const manifests = statements.map((_, index) => ({ digest: `sha256:m${index}`, artifactType }));
  answers[`referrers/${digest}`] = { manifests };
}
const verify = (app: string, revision: string) => verifyImage(image, { app, revision }, trust);

test('an image counts for the commit and the app that its provenance names', async () => {
  await signedWith(provenance('order', newer));
  await expect(verify('order', newer)).resolves.toBeUndefined();
});

test('an old image, though signed, does not count for the manifests of a newer commit', async () => {
  await signedWith(provenance('order', older));
  await expect(verify('order', newer)).rejects.toThrow(
    `has no trusted ${predicateTypes.provenance}; what it has does not count: its provenance says it was built from commit ${older}, not from ${newer}`,
  );
});

test('the image of another app does not count, though it is of the same commit', async () => {
  await signedWith(provenance('payment', newer));
  await expect(verify('order', newer)).rejects.toThrow(
    'built by docker/payment.Dockerfile, not by docker/order.Docker',
  );
});

test('one build among several that led to the same image suffices', async () => {
  await signedWith(provenance('order', older), provenance('order', newer));
  await expect(verify('order', older)).resolves.toBeUndefined();
  await expect(verify('order', newer)).resolves.toBeUndefined();
});

test.each([
  ['nothing', undefined],
  ['no commit', { buildDefinition: { externalParameters: { dockerfile: 'docker/order.Dockerfile' } } }],
  [
    'two commits',
    {
      buildDefinition: {
        externalParameters: { dockerfile: 'docker/order.Dockerfile' },
        resolvedDependencies: [older, newer].map((gitCommit) => ({ digest: { gitCommit } })),
      },
    },
  ],
])('a provenance that names %s does not count', async (_, predicate) => {
  await signedWith(predicate);
  await expect(verify('order', newer)).rejects.toThrow('its provenance says it was built from commit');
});

describe('a registry that does not do what it is asked is named, with the reason and what to do', () => {
  const signing = () => attestImage(image, { predicateType: predicateTypes.signature, predicate: {} }, identity);
  const refuse = (status: number): void => {
    server.removeAllListeners('request');
    server.on('request', (_, response) => response.writeHead(status).end('{}'));
  };

  test('when it is away', async () => {
    await new Promise((resolve) => server.close(resolve));
    const away =
      /^The registry 127\.0\.0\.1:\d+ could not be reached \(.*ECONNREFUSED.*\) for .*shop\/order: look whether/;
    await expect(verify('order', newer)).rejects.toThrow(away);
    await expect(signing()).rejects.toThrow(away);
    server.listen(0);
  });

  test('when it answers what is no JSON', async () => {
    server.removeAllListeners('request');
    server.on('request', (_, response) => response.end('<html>a proxy</html>'));
    await expect(verify('order', newer)).rejects.toThrow(
      /^The registry 127\.0\.0\.1:\d+ could not be reached \(.*JSON/,
    );
  });

  test.each([
    [401, 'answered 401 for'],
    [403, 'let the account of docker login push there'],
    [404, 'push it first, npm run images:release'],
  ])('when it answers %d to whom wants to attach something', async (status, remedy) => {
    refuse(status);
    await expect(signing()).rejects.toThrow(remedy);
  });
});
