import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IConfigMap } from 'kubernetes-models/v1';
import { ofKind, type Body, type Rendered } from '../objects.js';
import { readable, thousandths } from '../quantity.js';
import { broken, type ManifestPolicy } from './policy.js';

/** A NATS in the cluster stops taking messages before its volume is full or its memory is gone, not after. */
export const jetStreamFitsItsVolume: ManifestPolicy = {
  name: 'JetStream stays within its volume and its memory',
  check(rendered) {
    const server = ofKind<IStatefulSet & Body>(rendered, 'StatefulSet').find(
      ({ body }) => body.metadata.name === 'nats',
    );
    if (!server) return [];
    const { template, volumeClaimTemplates = [] } = server.body.spec!;
    const volume = thousandths(volumeClaimTemplates[0]?.spec?.resources?.requests?.['storage']);
    const memory = thousandths(template.spec?.containers[0]?.resources?.limits?.['memory']);
    const [files, held] = [limitOf(rendered, 'max_file_store'), limitOf(rendered, 'max_memory_store')];
    const bytes = (amount: number): string =>
      amount === Infinity ? 'an unlimited amount' : readable('memory', amount);
    return broken(server, [
      [
        files <= volume,
        `JetStream may store ${bytes(files)} in files, and its volume has ${bytes(volume)}`,
        'lower max_file_store (tools/system, natsServerConfig), or raise the storage of volumeClaimTemplates',
      ],
      [
        held < memory,
        `JetStream may keep ${bytes(held)} in memory, and its container has ${bytes(memory)}`,
        'lower max_memory_store (tools/system, natsServerConfig), or raise resources.limits.memory',
      ],
    ]);
  },
};

/** A size of nats.conf, where `1GB` is 2^30 bytes; without one there is no limit. */
function limitOf(rendered: Rendered, name: string): number {
  const configs = ofKind<IConfigMap>(rendered, 'ConfigMap').map(({ body }) => body.data?.['nats.conf'] ?? '');
  const [, digits, unit] = new RegExp(`${name}: (\\d+)([KMGT])i?B`).exec(configs.join('\n')) ?? [];
  return digits === undefined ? Infinity : thousandths(`${digits}${unit}i`);
}
