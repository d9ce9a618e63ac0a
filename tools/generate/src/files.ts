import { natsServerConfig } from '@causeway/system/topology';
import { composeFile } from './compose.js';
import { formatted, type GeneratedFile } from './generated-file.js';
import { imageFiles } from './images.js';
import { kubernetesFiles } from './kubernetes.js';
import { secretsScript } from './secrets-script.js';
import { renderedTables, tables } from './tables.js';

/** Every file that follows from the list of services and from the contracts, as it should be. */
export const generatedFiles = (): Promise<GeneratedFile[]> =>
  Promise.all(
    [
      ...imageFiles(),
      composeFile(),
      secretsScript(),
      { file: 'docker/nats/nats.conf', text: natsServerConfig({ include: 'passwords.conf' }) },
      { file: 'k8s/components/nats/nats.conf', text: natsServerConfig() },
      ...kubernetesFiles(),
      ...tables(),
    ].map(formatted),
  );

/** Tables in documents that take kubectl to work out: they follow from the rendered overlays, so they come second. */
export const renderedFiles = (): Promise<GeneratedFile[]> => Promise.all(renderedTables().map(formatted));
