import { randomUUID } from 'node:crypto';
import type { AddressView } from '@causeway/contracts';
import { collectTrace } from './collect-trace.js';
import { Customer, expectStatus, type Endpoints } from './customer.js';
import { patiently } from './patience.js';
import { placeOrders } from './shop-demo.js';
import type { TraceSpan } from './trace-receiver.js';
import { waterfall } from './waterfall.js';

export interface DemoOptions {
  /** Receives the story, a line at a time. */
  readonly say: (line: string) => void;
  /** Returns the spans of a trace so far. Without it the demo shows no traces. */
  readonly trace?: (traceId: string) => readonly TraceSpan[];
  /** Time for what goes on after a response to end, milliseconds. Default 30 000. */
  readonly settleMs?: number;
  /** How long a step is repeated that is answered late or not at all, milliseconds. Default 60 000. */
  readonly patienceMs?: number;
}

/** Repeats a step of the demo as {@link patiently} does. */
export const patienceOf =
  ({ patienceMs = 60_000, say }: DemoOptions) =>
  <T>(step: () => Promise<T>): Promise<T> =>
    patiently(step, { withinMs: patienceMs, say });

export interface DemoCustomer {
  readonly customer: Customer;
  readonly address: AddressView;
}

/**
 * A new customer registers, signs in, and reads and changes the profile and an address.
 * @throws when a step ends otherwise; the message names the step and shows the response.
 */
export async function meetCustomer(endpoints: Endpoints, options: DemoOptions): Promise<DemoCustomer> {
  const { say } = options;
  const patient = patienceOf(options);
  const lap = stopwatch();
  const email = `ada-${Date.now().toString(36)}@example.com`;
  const password = 'correct horse battery staple';
  const [registration, addition] = [randomUUID(), randomUUID()];
  await patient(() => Customer.register(endpoints, email, password, 'Ada Lovelace', registration));
  say(`  registered   ${email} ${lap()}`);
  const customer = await patient(() => Customer.signIn(endpoints, email, password));
  say(`  signed in    authorization code + PKCE ${lap()}`);
  const renamed = await patient(async () => customer.rename(await customer.profile(), 'Ada King'));
  say(`  profile      ${renamed.displayName}, version ${renamed.version} ${lap()}`);
  const { id: addressId } = await patient(() => customer.addAddress(undefined, addition));
  const address = await patient(async () => {
    const { id, version, ...body } = await readAddress(customer, addressId);
    return customer.changeAddress({ id, version }, { ...body, label: 'Home, until spring' });
  });
  say(`  address      ${address.line1}, ${address.city} ${lap()}`);
  const found = await patient(() => readAddress(customer, addressId));
  if (found.label !== address.label) throw new Error(`the address was read back as ${JSON.stringify(found)}`);
  return { customer, address };
}

async function readAddress(customer: Customer, addressId: string): Promise<AddressView> {
  const found = (await customer.addresses()).find(({ id }) => id === addressId);
  if (!found) throw new Error(`the address ${addressId} is not among the customer's addresses`);
  return found;
}

/** What a demo ended with. */
export interface DemoOutcome {
  /** For the end of a sentence: `a customer …`. */
  readonly text: string;
  /** The moment, as `performance.now()`: milliseconds since this process started. */
  readonly atMs: number;
}

/**
 * Shows what the system can do, as its clients see it.
 * @throws when a step ends otherwise; the message names the step and shows the response.
 */
export async function runDemo(endpoints: Endpoints, options: DemoOptions): Promise<DemoOutcome> {
  const met = await meetCustomer(endpoints, options);
  let outcome: DemoOutcome = { text: '', atMs: 0 };
  for (const step of steps) outcome = await step(met, options);
  return outcome;
}

/** One after the other; the demo ends with the outcome of the last. */
const steps: readonly ((met: DemoCustomer, options: DemoOptions) => Promise<DemoOutcome>)[] = [
  readAddresses,
  // demo
  placeOrders,
  // end demo
];

async function readAddresses({ customer }: DemoCustomer, options: DemoOptions): Promise<DemoOutcome> {
  const path = '/v1/users/me/addresses';
  const response = await patienceOf(options)(async () => expectStatus(`GET ${path}`, await customer.call(path), 200));
  const atMs = performance.now();
  await showTrace('The addresses, read once more', response.traceId, options);
  return { text: `${customer.email} has a profile and an address`, atMs };
}

/** Shows a trace once it is complete. */
async function showTrace(title: string, traceId: string, { say, trace }: DemoOptions): Promise<void> {
  if (!trace) return;
  const spans = await collectTrace(trace, traceId);
  const services = new Set(spans.map(({ service }) => service));
  say('');
  say(title);
  say(`  trace        ${traceId}: ${spans.length} spans in ${services.size} services`);
  for (const row of waterfall(spans)) say(`    ${row}`);
}

/** Returns a function that says how long it is since its last call: `(12 ms)`. */
function stopwatch(): () => string {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const text = `(${(now - last).toFixed(0)} ms)`;
    last = now;
    return text;
  };
}
