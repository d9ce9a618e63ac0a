import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { consumers, forwardedServices, messages, rpcs, streamOf } from '@causeway/contracts';
import { addressSettings, natsAccounts, secretSettings, serviceNames, services } from './index.js';

const root = join(import.meta.dirname, '../../..');
const list: readonly string[] = serviceNames;

test('every folder below apps is in the list, and every entry has its folder', () => {
  const folders = readdirSync(join(root, 'apps')).filter((name) =>
    existsSync(join(root, 'apps', name, 'package.json')),
  );
  expect([...list].sort()).toEqual(folders.sort());
});

test('every service that the contracts name is in the list, and has an account of the broker if it handles messages', () => {
  expect(forwardedServices.filter((name) => !list.includes(name))).toEqual([]);
  const speakers = [...consumers.map(({ service }) => service), ...[...messages, ...rpcs].map(({ owner }) => owner)];
  expect(speakers.filter((name) => !natsAccounts.includes(name))).toEqual([]);
});

test('ports differ, also those of management and of further instances', () => {
  const ports = services.flatMap(({ port }) => [port, port + 100]);
  expect(new Set(ports).size).toBe(ports.length);
  expect(new Set(ports.map((port) => port % 10)).size).toBe(services.length);
});

test.each(services)(
  '$name: what it sends, hears and calls exists',
  ({ name, nats, sends = [], listens = [], calls = {} }) => {
    const commands = messages.filter(({ kind }) => kind === 'command');
    const foreign = [...commands, ...rpcs].filter(({ owner }) => owner !== name).map(({ subject }) => subject);
    expect(sends.filter((subject) => !foreign.includes(subject))).toEqual([]);
    for (const subject of listens) expect(streamOf(subject.replace(/>$/, 'x'))).toBeDefined();
    if (sends.length + listens.length > 0) expect(nats).toBe(true);
    expect(Object.keys(calls).filter((other) => other === name || !list.includes(other))).toEqual([]);
  },
);

test.each(services)('$name: no setting is both an address and a secret', (service) => {
  const addresses = addressSettings(service, {
    publicUrl: 'http://x',
    publicUrls: [],
    urlOf: (name) => `http://${name}`,
    mailUrl: 'file:///mails',
  });
  expect(Object.keys(secretSettings(service)).filter((name) => name in addresses)).toEqual([]);
});

test('one service is the edge', () => {
  expect(services.filter(({ edge }) => edge).map(({ name }) => name)).toEqual(['gateway']);
});
