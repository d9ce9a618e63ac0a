// `npm run smoke -- https://shop.staging.example.org`: waits until an environment answers, then uses it as a customer
// does. --demo also registers, signs in and runs the demo (for environments with pretend peers). --health=<URL of
// the gateway's /health/live> --version=<version> waits for a version. --within=<seconds> for the roll-out, default 600.
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import { parseArgs } from 'node:util';
import { DeliveryRefused, runCommand } from './refused.js';
import { smoke } from './smoke.js';

const usage = `Waits until an environment answers, then uses it as a customer does.

  npm run smoke -- https://shop.staging.example.org
    --demo                     also registers, signs in and runs the demo (needs the pretend peers)
    --health=<URL>             /health/live of the gateway's management port, for --version
    --version=<version>        waits until this version answers
    --within=<seconds>         time for the roll-out, default 600
    --redirect-uri=<URI>       of the demo's client, default: the address and /callback`;

runCommand(usage, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      demo: { type: 'boolean', default: false },
      health: { type: 'string' },
      version: { type: 'string' },
      'redirect-uri': { type: 'string' },
      within: { type: 'string', default: '600' },
    },
  });
  const [address] = positionals;
  const withinMs = Number(values.within) * 1_000;
  if (!address || !URL.canParse(address) || !/^https?:/.test(address) || !(withinMs > 0))
    throw new DeliveryRefused(
      `${address ? `${address} --within=${values.within} is no address of http or https with a time in seconds` : 'Which address?'}\n\n${usage}`,
    );
  await smoke({
    url: new URL(address).origin,
    demo: values.demo,
    healthUrl: values.health,
    version: values.version,
    redirectUri: values['redirect-uri'],
    withinMs,
    say: (line) => console.log(line),
  });
  console.log(`✓ ${address} works`);
});
