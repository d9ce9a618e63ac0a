// `npm run images:nats-config`: writes docker/nats/nats.conf from the message topology.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { natsServerConfig } from '@causeway/system/topology';

const file = fileURLToPath(new URL('../../../docker/nats/nats.conf', import.meta.url));
writeFileSync(file, natsServerConfig({ include: 'passwords.conf' }));
console.log(`wrote ${file}`);
