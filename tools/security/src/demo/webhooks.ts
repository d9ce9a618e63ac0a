import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { scopes } from '@causeway/contracts';
import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { resourceId, sendChanged, validRequest, type ValidRequest } from '../requests.js';
import { demoSignature } from './requests.js';

/** Webhooks that the payment provider has not sent, or has sent before. */
export const forgedWebhooks: Attack = {
  id: 'webhooks/forged',
  about: 'no signature, wrong, old, early, borrowed and doubled ones, and events of a payment that is over, ten times',
  fast: true,
  inside: true,
  run: async (system, found) => {
    const route = system.routes.find(({ operationId }) => operationId === 'receivePspWebhook')!;
    const request = await validRequest(system, route, system.victim);
    const text = JSON.stringify(request.body);
    const now = Math.floor(Date.now() / 1_000);
    const good = demoSignature(system, text)['psp-signature'];
    const hex = good.slice(good.indexOf('v1=') + 3);
    const at = (seconds: number): string => demoSignature(system, text, { at: seconds })['psp-signature'];
    const forged: Readonly<Record<string, string>> = {
      'no signature': '',
      'another secret': demoSignature(system, text, { secret: 'whsec' })['psp-signature'],
      'an empty secret': demoSignature(system, text, { secret: '' })['psp-signature'],
      'the signature of another body': demoSignature(system, '{}')['psp-signature'],
      'six minutes ago': at(now - 360),
      'six minutes ahead': at(now + 360),
      'a year ago': at(now - 31_536_000),
      'another time beside it': `t=${now - 1},v1=${hex}`,
      'two times, the signed one last': `t=${now - 400},${at(now)}`,
      'no time': `v1=${hex}`,
      'a time that is no number': `t=now,v1=${hex}`,
      'a time in hexadecimal': `t=0x${now.toString(16)},v1=${hex}`,
      'another scheme': good.replace('v1=', 'v0='),
      'half of it': good.slice(0, -32),
      'something behind it': `${good}00`,
      'a thousand wrong ones': `t=${now},${Array.from({ length: 100 }, () => `v1=${'00'.repeat(32)}`).join()}`,
      'an empty one': `t=${now},v1=`,
    };
    for (const [about, signature] of Object.entries(forged)) {
      const { status } = await sendChanged(system, found, request, { headers: { 'psp-signature': signature } });
      if (status !== 401) found(`${about} → ${status}`);
    }
    for (const raw of [`${text} `, text.replace('{', '{ '), text.replace('charge.', 'Charge.')]) {
      const { status } = await sendChanged(system, found, request, { raw, headers: { 'psp-signature': good } });
      if (status !== 401) found(`the body ${raw.slice(0, 60)} with the signature of another → ${status}`);
    }
    await replay(system, request, found);
  },
};

/** Whatever a signed event says of a payment that is over, and however often: nothing comes of it. */
async function replay(system: AttackedSystem, request: ValidRequest, found: Found): Promise<void> {
  const paymentId = await resourceId(system, 'paymentId', system.victim);
  const before = await moneyOf(system, paymentId);
  for (const type of ['charge.captured', 'charge.refunded', 'charge.voided', 'charge.declined']) {
    const data = { chargeId: `ch_${randomUUID()}`, reference: paymentId };
    const body = { ...(request.body as object), id: `evt_${randomUUID()}`, type, data };
    const statuses = (
      await Promise.all(Array.from({ length: 10 }, () => sendChanged(system, found, request, { body })))
    ).map(({ status }) => status);
    if (statuses.some((status) => status !== 204)) found(`${type} ten times → ${statuses.join()}`);
    const after = await moneyOf(system, paymentId);
    if (after !== before) found(`${type} ten times changed ${before} to ${after}`);
  }
}

/** A payment as its owner reads it, and what the provider has booked for it, once it is captured. */
async function moneyOf({ http, inside, victim }: AttackedSystem, paymentId: string): Promise<string> {
  const { urls, secrets } = inside!.system;
  const authorization = `Bearer ${await victim.token([scopes.payments])}`;
  const read = async (): Promise<string> =>
    (await http.send({ method: 'GET', path: `/v1/payments/${paymentId}`, headers: { authorization } })).text;
  let payment = await read();
  for (
    const limitAt = Date.now() + 60_000;
    /"(AUTHORIZING|AUTHORIZED|UNKNOWN)"/.test(payment);
    payment = await read()
  ) {
    if (Date.now() > limitAt) throw new Error(`the payment is not over: ${payment}`);
    await sleep(100);
  }
  const ledger = await fetch(`${urls.psp}/ledger?reference=${paymentId}`, {
    headers: { authorization: `Bearer ${secrets.pspApiKey}` },
  });
  const { sums } = (await ledger.json()) as { sums: unknown };
  return `${payment} and ${JSON.stringify(sums)}`;
}
