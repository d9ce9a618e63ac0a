import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ContractFixture, Surroundings } from '@causeway/contract-suite';
import { signWebhook } from '../adapters/http/psp-signature.js';
import { cardSettings, sealCardToken } from './card-keys.js';

const webhookSecret = 'contract-webhook-secret-0123456789';

interface Charge {
  readonly id: string;
  readonly reference: string;
  status: string;
  readonly declineCode: string | null;
  readonly amountMinor: number;
  capturedMinor: number;
  readonly refunds: { readonly reference: string }[];
}

/** A payment provider that does what it is told, at once; `tok_declined` is declined. */
async function startProvider(): Promise<{ url: string; stop(): Promise<void> }> {
  const charges = new Map<string, Charge>();
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider');
      const [, id = '', action] = /^\/v1\/charges\/([^/]+)\/(capture|void|refunds)$/.exec(pathname) ?? [];
      const answer =
        request.method === 'GET'
          ? { items: [...charges.values()].filter(({ reference }) => reference === searchParams.get('reference')) }
          : action === undefined
            ? create(charges, body)
            : change(charges.get(id)!, action, body);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Body = Readonly<Record<string, unknown>>;

function create(charges: Map<string, Charge>, { reference, amountMinor, paymentMethodToken }: Body): Charge {
  const declined = paymentMethodToken === 'tok_declined';
  const charge: Charge = {
    id: `ch_${randomUUID()}`,
    reference: String(reference),
    status: declined ? 'declined' : 'authorized',
    declineCode: declined ? 'card_declined' : null,
    amountMinor: Number(amountMinor),
    capturedMinor: 0,
    refunds: [],
  };
  charges.set(charge.id, charge);
  return charge;
}

function change(charge: Charge, action: string, { reference }: Body): Charge {
  if (action === 'void') return Object.assign(charge, { status: 'voided' });
  if (action === 'capture') return Object.assign(charge, { status: 'captured', capturedMinor: charge.amountMinor });
  charge.refunds.push({ reference: String(reference) });
  return Object.assign(charge, { status: 'refunded' });
}

async function json(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Body;
}

async function authorization(customerId: string = randomUUID(), cardToken = 'tok_success') {
  const paymentId = randomUUID();
  const sealedCardToken = await sealCardToken(cardToken, paymentId);
  return { paymentId, orderId: randomUUID(), customerId, amountMinor: 5_990, currency: 'EUR', sealedCardToken };
}
type Authorization = Awaited<ReturnType<typeof authorization>>;

const ofPayment =
  ({ paymentId }: Authorization) =>
  (data: { readonly paymentId: string }) =>
    data.paymentId === paymentId;
const target = ({ paymentId, orderId }: Authorization) => ({ paymentId, orderId });

async function authorized(world: Surroundings, customerId?: string): Promise<Authorization> {
  const command = await authorization(customerId);
  await world.deliver('payment.cmd.authorize.v2', command);
  await world.published('payment.evt.authorized.v1', ofPayment(command));
  return command;
}

async function captured(world: Surroundings): Promise<Authorization> {
  const command = await authorized(world);
  await world.deliver('payment.cmd.capture.v1', target(command));
  await world.published('payment.evt.captured.v1', ofPayment(command));
  return command;
}

/** What the contract suite cannot know from the record of this service. */
export const contractFixture: ContractFixture = {
  settings: { ...cardSettings, PSP_WEBHOOK_SECRETS: webhookSecret },
  start: async () => {
    const { url, stop } = await startProvider();
    return { settings: { PSP_URL: url }, stop };
  },
  operations: {
    getPayment: {
      request: async (world, subject) => ({ params: { paymentId: (await authorized(world, subject)).paymentId } }),
    },
    receivePspWebhook: {
      request: () => ({
        body: {
          id: `evt_${randomUUID()}`,
          type: 'charge.captured',
          createdAt: new Date().toISOString(),
          data: { chargeId: `ch_${randomUUID()}`, reference: randomUUID() },
        },
      }),
      sign: (body) => ({ 'psp-signature': signWebhook(body, webhookSecret, Math.floor(Date.now() / 1_000)) }),
    },
  },
  consumers: {
    'payment.cmd.authorize.v2': { data: () => authorization(), publishes: ['payment.evt.authorized.v1'] },
    'payment.cmd.capture.v1': {
      data: async (world) => target(await authorized(world)),
      publishes: ['payment.evt.captured.v1'],
    },
    'payment.cmd.void.v1': {
      data: async (world) => ({ ...target(await authorized(world)), reason: 'cancelled' }),
      publishes: ['payment.evt.voided.v1'],
    },
    'payment.cmd.refund.v1': {
      data: async (world) => {
        const command = await captured(world);
        return { ...target(command), refundId: randomUUID(), amountMinor: command.amountMinor, reason: 'cancelled' };
      },
      publishes: ['payment.evt.refunded.v1'],
    },
  },
  events: {
    'payment.evt.declined.v1': async (world) =>
      world.deliver('payment.cmd.authorize.v2', await authorization(randomUUID(), 'tok_declined')),
    'payment.evt.capture-failed.v1': async (world) => {
      const command = await authorized(world);
      await world.deliver('payment.cmd.void.v1', { ...target(command), reason: 'cancelled' });
      await world.published('payment.evt.voided.v1', ofPayment(command));
      await world.deliver('payment.cmd.capture.v1', target(command));
    },
  },
};
