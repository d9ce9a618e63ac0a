import { consumers, durableName, messages, rpcs, streamOf, streams } from '../index.js';

test('a subject follows the naming rule of its kind and names its owner', () => {
  for (const { subject, kind, owner } of messages) {
    expect(subject).toMatch(kind === 'event' ? /^[a-z]+\.evt\.[a-z-]+\.v\d+$/ : /^[a-z]+\.cmd\.[a-z-]+\.v\d+$/);
    expect(subject.split('.')[0]).toBe(owner);
  }
  for (const { subject } of rpcs) expect(subject).toMatch(/^[a-z]+\.rpc\.[a-z]+-[a-z-]+\.v\d+$/);
});

test('exactly one stream stores each message', () => {
  for (const { subject } of messages) {
    const takers = streams.filter(({ subjects }) =>
      subjects.some((pattern) => subject.startsWith(pattern.slice(0, -1))),
    );
    expect([subject, takers.length]).toEqual([subject, 1]);
  }
});

test('a subject that no stream stores is refused', () => {
  expect(() => streamOf('nobody.evt.spoken.v1')).toThrow(/declare one/);
});

test('a command is handled by its owner and by no other service', () => {
  for (const { service, message } of consumers) if (message.kind === 'command') expect(service).toBe(message.owner);
  for (const message of messages) {
    if (message.kind === 'command')
      expect(consumers.filter((consumer) => consumer.message === message)).toHaveLength(1);
  }
});

test('durable names are unique and need no escaping on the server', () => {
  const names = consumers.map(durableName);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z0-9_-]+$/);
});
