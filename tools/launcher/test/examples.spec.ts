import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { services, servicesWith } from '@causeway/system';
import { natsPermissions } from '@causeway/system/topology';
import { exampleNames, readExample } from '../src/examples/example-files.js';
import { topologyWith } from '../src/examples/example-topology.js';
import { loadExamples } from '../src/examples/load-examples.js';
import { UsageError } from '../src/options.js';

const examples = exampleNames().map(readExample);

test('an example that does not exist is named, with those that do', async () => {
  await expect(loadExamples(['blog-cobol'])).rejects.toThrow(UsageError);
  await expect(loadExamples(['blog-cobol'])).rejects.toThrow(/"blog-cobol"; there are .*blog-python/);
});

describe.each(examples)('$folderName', (example) => {
  test('has a database that no listed service has', () => {
    expect(services.map(({ database }) => database)).not.toContain(example.database);
  });

  test('names migrations that exist', () => {
    expect(example.migrations.filter(({ directory }) => !existsSync(directory))).toEqual([]);
  });

  test('has the streams and consumers of its record', () => {
    const { streams, consumers } = topologyWith([example]);
    for (const [name, subjects] of Object.entries(example.streams))
      expect(streams.find((stream) => stream.name === name)?.subjects).toEqual(expect.arrayContaining([...subjects]));
    expect(consumers.filter(({ service }) => service === example.name).map(({ message }) => message.subject)).toEqual(
      Object.keys(example.consumes),
    );
  });

  test('may publish its own events and acknowledge what it reads, and nothing of others', () => {
    const { publish, subscribe } = natsPermissions([example])[example.name]!;
    expect(publish).toEqual(expect.arrayContaining([...example.publishes]));
    const foreign = publish.filter((subject) => /^[a-z-]+\.(evt|cmd)\./.test(subject));
    expect(foreign).toEqual(example.publishes);
    expect(subscribe.filter((subject) => subject.startsWith('_INBOX'))).toEqual([`_INBOX_${example.name}.>`]);
  });

  test('is found by the edge only where it runs', () => {
    const ping = `$SRV.PING.${example.name}`;
    const edge = services.find((service) => service.edge)!.name;
    expect(natsPermissions([example])[edge]?.publish).toContain(ping);
    if (!services.some(({ name }) => name === example.name))
      expect(natsPermissions()[edge]?.publish).not.toContain(ping);
  });
});

describe('an example in place of a listed service', () => {
  const [example] = examples;
  const inPlace = { ...example!, name: 'order' };

  test('is the only one of its name', () => {
    const running = servicesWith([inPlace]).filter(({ name }) => name === 'order');
    expect(running.map(({ database }) => database)).toEqual([example!.database]);
    expect(topologyWith([inPlace]).consumers.filter(({ service }) => service === 'order')).toHaveLength(
      Object.keys(example!.consumes).length,
    );
  });

  test('may do what its record says, and not what the listed one may', () => {
    const { publish } = natsPermissions([inPlace])['order']!;
    expect(publish).toEqual(expect.arrayContaining([...example!.publishes]));
    expect(publish.filter((subject) => subject.startsWith('order.evt.'))).toEqual([]);
  });
});

test.each(examples.filter(({ folder }) => existsSync(join(folder, 'Dockerfile'))))(
  'the image of $folderName has the packages of service.json, runs as nobody in particular, and says how it is',
  ({ folder, python }) => {
    const file = readFileSync(join(folder, 'Dockerfile'), 'utf8');
    const [, installed = ''] = /apt-get install -y --no-install-recommends([^&]*)/.exec(file) ?? [];
    const packages = installed.split(/[\s\\]+/).filter(Boolean);
    expect(packages.sort()).toEqual(['python3', ...Object.values(python?.modules ?? {})].sort());
    expect(file).toMatch(/^USER 1000:1000$/m);
    expect(file).toMatch(/^HEALTHCHECK .*CMD \["python3", "-m", "blog\.healthcheck"\]$/m);
    expect(file).not.toMatch(/\bpip\b/);
  },
);
