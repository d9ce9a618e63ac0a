import { randomUUID } from 'node:crypto';
import type { Attack } from '../attack.js';
import { sendChanged, validRequest } from '../requests.js';
import { demoSignature } from './requests.js';

/** Webhooks that the payment provider has not sent, or has sent before. */
export const forgedWebhooks: Attack = {
  id: 'webhooks/forged',
  about: 'no signature, wrong, old, early, borrowed and doubled ones, and an event that is delivered ten times',
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
    const event = { ...(request.body as object), id: `evt_${randomUUID()}` };
    const replays = await Promise.all(
      Array.from({ length: 10 }, () => sendChanged(system, found, request, { body: event })),
    );
    if (replays.some(({ status }) => status !== 204)) found(`a replay → ${replays.map(({ status }) => status).join()}`);
  },
};
