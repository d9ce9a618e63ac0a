import { observeFiles } from '@causeway/observe';
import { natsServerConfig } from '@causeway/system/topology';
import { canaryFiles } from './canary.js';
import { composeFile } from './compose.js';
import { formatted, type GeneratedFile } from './generated-file.js';
import { imageFiles } from './images.js';
import { kedaFiles } from './keda.js';
import { kubernetesFiles } from './kubernetes.js';
import { logFiles } from './logs/index.js';
import { meshFiles } from './mesh/files.js';
import { secretsScript } from './secrets-script.js';
import { renderedTables, tables } from './tables.js';

const files = (): GeneratedFile[] => [
  ...imageFiles(),
  composeFile(),
  secretsScript(),
  { file: 'docker/nats/nats.conf', text: natsServerConfig({ include: 'passwords.conf', tls: '/etc/nats-tls' }) },
  { file: 'k8s/components/nats/nats.conf', text: natsServerConfig({ tls: '/etc/nats-tls' }) },
  ...kubernetesFiles(),
  ...meshFiles(),
  ...kedaFiles(),
  ...canaryFiles(),
  ...logFiles(),
  ...observeFiles(),
];

/**
 * Every file that follows from the list of services, the contracts and the schema of log lines, as it should be: first what follows from them
 * alone, then tables that follow from the overlays, which the first stage writes.
 */
export const stages: readonly (() => Promise<GeneratedFile[]>)[] = [files, tables].map(
  (stage) => () => Promise.all(stage().map(formatted)),
);

/** Tables that follow from the rendered overlays. Need kubectl. */
export const renderedStage = (): Promise<GeneratedFile[]> => Promise.all(renderedTables().map(formatted));
