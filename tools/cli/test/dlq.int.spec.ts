import { durableName } from '@causeway/contracts';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { AuditEntry } from '../src/audit.js';
import { authorized, Scene, storeLetter } from './scene.js';

let scene: Scene;
beforeEach(async () => (scene = await Scene.create()));
afterEach(() => scene.end());

/** What reached the stream of the consumer's messages. */
async function delivered(): Promise<{ data: string; id: string; trace: string; replay: string; at: number }[]> {
  const order = await scene.as('order');
  const consumer = await jetstream(order).consumers.get('PAYMENT', durableName(authorized));
  const found = [];
  for (;;) {
    const message = await consumer.next({ expires: 1_000 });
    if (!message) return found;
    const header = (name: string): string => message.headers?.get(name) ?? '';
    found.push({
      data: message.string(),
      id: header('Nats-Msg-Id'),
      trace: header('traceparent'),
      replay: header('Causeway-Replay'),
      at: message.info.timestampNanos / 1e6,
    });
    message.ack();
  }
}

const trail = async (): Promise<AuditEntry[]> => (await scene.run('audit', '--json')).json();
const remaining = async (): Promise<number[]> =>
  (await scene.run('dlq', 'list', '--json')).json<{ sequence: number }[]>().map(({ sequence }) => sequence);

test('nothing is changed without --yes', async () => {
  const order = await scene.as('order');
  await storeLetter(order, { messageId: 'm1' });
  for (const args of [
    ['replay', '--all'],
    ['discard', '--all', '--reason', 'test'],
  ]) {
    const { code, out } = await scene.run('dlq', ...args);
    expect([code, out]).toEqual([0, expect.stringContaining('nothing was changed: 1 dead letter would be')]);
  }
  expect(await remaining()).toEqual([1]);
  expect(await delivered()).toEqual([]);
  expect(await trail()).toEqual([]);
});

test('a replayed message arrives with its payload and its trace, and is no dead letter any more', async () => {
  const order = await scene.as('order');
  const sequence = await storeLetter(order, { messageId: 'm1', payload: '{"id":"m1","n":1}' });
  await storeLetter(order, { messageId: 'm2' });
  const { code, out } = await scene.run('dlq', 'replay', String(sequence), '--yes', '--as', 'ada', '--reason', 'fixed');
  expect([code, out]).toEqual([0, 'replayed 1 dead letter']);
  const [entry, end] = await trail();
  expect(await delivered()).toEqual([
    {
      data: '{"id":"m1","n":1}',
      id: `replay:${sequence}:m1`,
      trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      replay: entry!.id,
      at: expect.anything(),
    },
  ]);
  expect(await remaining()).toEqual([2]);
  expect(entry).toMatchObject({
    who: 'ada',
    action: 'dlq.replay',
    phase: 'begun',
    reason: 'fixed',
    details: { letters: [{ sequence, messageId: 'm1' }] },
  });
  expect(end).toMatchObject({ id: entry!.id, phase: 'done', details: { changed: [sequence], gone: [] } });
});

test('a filter selects by code, age and what the message mentions', async () => {
  const order = await scene.as('order');
  await storeLetter(order, { messageId: 'm1', code: 'A_CODE' });
  await storeLetter(order, { messageId: 'm2', code: 'A_CODE', at: new Date(Date.now() - 2 * 3_600_000) });
  await storeLetter(order, { messageId: 'm3', code: 'OTHER', payload: '{"orderId":"o-77"}' });
  const matching = async (...filter: string[]): Promise<string[]> =>
    (await scene.run('dlq', 'list', '--json', ...filter))
      .json<{ messageId: string }[]>()
      .map(({ messageId }) => messageId);
  expect(await matching('--code', 'A_CODE')).toEqual(['m1', 'm2']);
  expect(await matching('--code', 'A_CODE', '--since', '1h')).toEqual(['m1']);
  expect(await matching('--about', 'o-77')).toEqual(['m3']);
  expect(await matching('--about', 'm2')).toEqual(['m2']);
  expect(await matching('--consumer', 'payment__payment-cmd-void-v1')).toEqual([]);
  await scene.run('dlq', 'replay', '--code', 'A_CODE', '--since', '1h', '--yes');
  expect(await remaining()).toEqual([2, 3]);
});

test('a replay keeps to its rate', async () => {
  const order = await scene.as('order');
  for (let index = 0; index < 5; index += 1) await storeLetter(order, { messageId: `m${index}` });
  await scene.run('dlq', 'replay', '--all', '--rate', '10', '--yes');
  const times = (await delivered()).map(({ at }) => at);
  expect(times).toHaveLength(5);
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(390);
});

test('a letter that asks for a subject which its consumer does not handle is not replayed', async () => {
  const order = await scene.as('order');
  await storeLetter(order, { messageId: 'forged', subject: 'payment.cmd.refund.v1' });
  await storeLetter(order, { messageId: 'good' });
  const { code, out } = await scene.run('dlq', 'replay', '--all', '--yes');
  expect(code).toBe(1);
  expect(out).toMatch(/replayed 1 dead letter\n.*asks for payment\.cmd\.refund\.v1, but its consumer handles/);
  expect(await remaining()).toEqual([1]);
});

test('a discarded letter is gone, and the trail says who did it and why', async () => {
  const order = await scene.as('order');
  await storeLetter(order, { messageId: 'm1' });
  expect((await scene.run('dlq', 'discard', '1', '--yes')).code).toBe(2);
  expect(await remaining()).toEqual([1]);
  const { code } = await scene.run('dlq', 'discard', '1', '2', '--reason', 'a test', '--yes');
  expect(code).toBe(1); // there is no letter 2
  expect(await remaining()).toEqual([]);
  expect(await trail()).toMatchObject([
    { action: 'dlq.discard', reason: 'a test', details: { letters: [{ messageId: 'm1' }] } },
    { phase: 'done' },
  ]);
});

test('what cannot be recorded does not happen', async () => {
  await storeLetter(await scene.as('order'), { messageId: 'm1' });
  await (await jetstreamManager(await scene.as('provisioner'))).streams.delete('AUDIT');
  const { code, err } = await scene.run('dlq', 'replay', '--all', '--yes');
  expect([code, err]).toEqual([1, expect.stringContaining('nothing was changed')]);
  expect(await remaining()).toEqual([1]);
  expect(await delivered()).toEqual([]);
});

test('the trail can be added to and not changed, not even by the account that manages streams', async () => {
  await storeLetter(await scene.as('order'), { messageId: 'm1' });
  await scene.run('dlq', 'replay', '--all', '--yes');
  const jsm = await jetstreamManager(await scene.as('provisioner'));
  await expect(jsm.streams.deleteMessage('AUDIT', 1)).rejects.toThrow();
  await expect(jsm.streams.purge('AUDIT')).rejects.toThrow();
  await expect(jsm.streams.update('AUDIT', { deny_delete: false } as object)).rejects.toThrow();
  expect(await trail()).toHaveLength(2);
});

test('show and stats say what a person needs to decide', async () => {
  const order = await scene.as('order');
  await storeLetter(order, { messageId: 'm1', code: 'A_CODE', payload: 'not json\u001b[2J' });
  await storeLetter(order, { messageId: 'm2', code: 'A_CODE' });
  const { out } = await scene.run('dlq', 'show', '1');
  expect(out).toContain('order 1 is REJECTED');
  expect(out).toContain('0af7651916cd43dd8448eb211c80319c');
  expect(out).not.toContain('\u001b');
  expect((await scene.run('dlq', 'stats', '--json')).json()).toMatchObject([{ count: 2, code: 'A_CODE' }]);
  expect((await scene.run('dlq', 'show', '9')).code).toBe(1);
});

test.each([
  [['dlq', 'replay', '--yes'], /name the letters/],
  [['dlq', 'replay', '1', '--all'], /name the letters/],
  [['dlq', 'replay', '--all', '--rate', '0'], /whole number/],
  [['dlq', 'replay', '--all', '--rate', '5000'], /1 to 1000/],
  [['dlq', 'list', '--since', 'yesterday'], /not a duration/],
  [['dlq', 'list', '--nonsense'], /unknown option/],
  [['nonsense'], /unknown command/],
])('%j is wrong usage: exit code 2', async (args, message) => {
  const { code, err } = await scene.run(...args);
  expect([code, err]).toEqual([2, expect.stringMatching(message)]);
});
