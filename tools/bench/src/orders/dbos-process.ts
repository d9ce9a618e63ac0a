/** `node dbos-process.js <url of its database>`: a workflow of three steps, in a process of its own. */
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { perSecond } from '../rounds.js';

const step = (name: string) => DBOS.runStep(() => Promise.resolve(name), { name });
const order = DBOS.registerWorkflow(
  async () => {
    await step('reserve');
    await step('authorize');
    await step('capture');
  },
  { name: 'order' },
);
DBOS.setConfig({ name: 'bench', systemDatabaseUrl: process.argv[2]!, logLevel: 'error', runAdminServer: false });
await DBOS.launch();
process.on('message', ({ inFlight, ms }: { inFlight: number; ms: number }) => {
  void perSecond(() => order(), inFlight, ms).then((rate) => process.send?.(rate));
});
process.send?.('ready');
