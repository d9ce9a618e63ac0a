import { jest } from '@jest/globals';
import { checkRequirements, checkServer } from './requirements.js';
import { FakePrograms } from './testing/fake-programs.js';

// Every check is a process.
jest.setTimeout(120_000);

const good = [
  { to: 'docker version', stdout: '27.3.1\n' },
  { to: 'kind version', stdout: 'kind v0.30.0 go1.24.6 linux/amd64\n' },
  { to: 'kubectl version', stdout: 'Client Version: v1.34.1\nKustomize Version: v5.7.1\n' },
];
let fakes: FakePrograms;
afterEach(() => fakes.remove());

test('found programs are named with their versions', async () => {
  fakes = new FakePrograms();
  fakes.answer(good);
  expect(await checkRequirements({ docker: true, kind: true })).toEqual(['docker 27.3', 'kind 0.30', 'kubectl 1.34']);
});

test('everything that is missing or too old is listed at once, and where to get it', async () => {
  fakes = new FakePrograms(['docker', 'kubectl', 'kind']);
  fakes.answer([
    { to: 'docker version', code: 1, stderr: 'Cannot connect' },
    { to: 'kind version', stdout: 'kind v0.20.0' },
    good[2]!,
  ]);
  const said = await checkRequirements({ docker: true, kind: true }).catch((error: Error) => error.message);
  expect(said).toContain('docker 20.10 or later: not found, or it does not answer. Get it: docs.docker.com');
  expect(said).toContain('kind 0.24 or later: this is 0.20. Get it: kind.sigs.k8s.io');
  expect(said).not.toContain('kubectl');
});

test('a foreign cluster needs no kind, and existing images need no docker', async () => {
  fakes = new FakePrograms(['kubectl']);
  fakes.answer(good);
  expect(await checkRequirements({ docker: false, kind: false })).toEqual(['kubectl 1.34']);
});

test('a server that is too old is refused', async () => {
  fakes = new FakePrograms();
  const server = (minor: string) => ({
    context: 'old',
    json: async <T>() => ({ serverVersion: { major: '1', minor } }) as T,
  });
  await expect(checkServer(server('30+'))).rejects.toThrow(
    'The cluster of old is Kubernetes 1.30; the manifests need 1.31 or later',
  );
  expect(await checkServer(server('34'))).toBe('Kubernetes 1.34');
});
