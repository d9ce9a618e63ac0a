import type { Envelope } from '@causeway/contracts';
import { parcelLost, parcelSent } from '@causeway/contracts/testing';
import { v7 as uuidv7 } from 'uuid';
import type { OutboxPort } from '../outbox/outbox.js';

export interface OutboxUnderTest {
  readonly outbox: OutboxPort;
  /** Everything that was added, in order. */
  stored(): Promise<Envelope[]>;
}

/** What every outbox must do. Run against the fake and, with a database, against the real one. */
export function outboxContract(name: string, make: () => Promise<OutboxUnderTest>): void {
  const fact = () => ({ parcelId: uuidv7(), customerId: uuidv7(), version: 2, occurredAt: new Date().toISOString() });

  describe(`outbox contract: ${name}`, () => {
    test('a message is kept as a CloudEvents envelope under the id that add returns', async () => {
      const { outbox, stored } = await make();
      const data = fact();
      const id = await outbox.add(parcelSent, data.parcelId, data);
      expect(await stored()).toEqual([
        {
          specversion: '1.0',
          id,
          type: 'parcel.evt.sent.v1',
          source: expect.stringMatching(/^\/causeway\//),
          subject: data.parcelId,
          time: expect.stringMatching(/^\d{4}-.*Z$/),
          datacontenttype: 'application/json',
          dataschema: 'urn:causeway:schema:parcel.evt.sent.v1',
          data,
        },
      ]);
    });

    test('messages keep the order in which they were added', async () => {
      const { outbox, stored } = await make();
      const data = fact();
      const first = await outbox.add(parcelSent, data.parcelId, data);
      const second = await outbox.add(parcelLost, data.parcelId, { ...data, reason: 'no stock' });
      expect((await stored()).map(({ id }) => id)).toEqual([first, second]);
    });

    test('data that does not match its schema is refused with the path, and nothing is kept', async () => {
      const { outbox, stored } = await make();
      const wrong = { ...fact(), version: 0 };
      await expect(outbox.add(parcelSent, wrong.parcelId, wrong)).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        violations: [{ path: '/version' }],
      });
      expect(await stored()).toEqual([]);
    });
  });
}
