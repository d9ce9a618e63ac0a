import { z } from 'zod';
import { command, event } from '../messages/define.js';
import { consumers, messages, streams, type ConsumerDefinition, type StreamDefinition } from '../messages/topology.js';
import type { MessageDefinition } from '../messages/define.js';
import { opaque, text } from '../text.js';
import { amountMinor, currency, id, maxInt4, timestamp, version } from '../values.js';

// Messages for tests of libraries, which must not depend on what this system happens to send: `parcel` packs and sends,
// `label` prints. No service sends them, and no document has them.

const parcelFact = { parcelId: id, customerId: id, version, occurredAt: timestamp };
const label = { labelId: id, parcelId: id };
const labelFact = { ...label, version, occurredAt: timestamp };

export const parcelPacked = event(
  'parcel.evt.packed.v1',
  'A parcel was packed',
  z.object({
    ...parcelFact,
    labelId: id,
    totalMinor: amountMinor,
    currency,
    lines: z.array(z.object({ productId: id, quantity: z.int().min(1).max(maxInt4), unitPriceMinor: amountMinor })),
  }),
);
export const parcelSent = event('parcel.evt.sent.v1', 'A parcel was sent', z.object(parcelFact));
export const parcelLost = event('parcel.evt.lost.v1', 'A parcel was lost', z.object({ ...parcelFact, reason: text }));
export const printLabel = command(
  'label.cmd.print.v1',
  'Print a label',
  z.object({ ...label, customerId: id, amountMinor: amountMinor.min(1), currency, printer: opaque(1, 64) }),
);
export const stickLabel = command('label.cmd.stick.v1', 'Stick a printed label on its parcel', z.object(label));
export const labelPrinted = event(
  'label.evt.printed.v1',
  'A label was printed',
  z.object({ ...labelFact, amountMinor, currency }),
);
export const labelRefused = event(
  'label.evt.refused.v1',
  'A label was not printed',
  z.object({ ...labelFact, reason: text }),
);

/** Adds them to the topology, for this process. */
export function declareParcels(): void {
  const stream = (name: string, ...subjects: string[]): StreamDefinition => ({
    name,
    subjects,
    maxAgeMs: 7 * 24 * 3_600_000,
    duplicateWindowMs: 600_000,
  });
  const all = [parcelPacked, parcelSent, parcelLost, printLabel, stickLabel, labelPrinted, labelRefused];
  (messages as MessageDefinition[]).push(...all);
  (streams as StreamDefinition[]).push(stream('PARCEL', 'parcel.evt.>'), stream('LABEL', 'label.evt.>', 'label.cmd.>'));
  (consumers as ConsumerDefinition[]).push(
    { service: 'label', message: printLabel },
    { service: 'label', message: stickLabel },
    { service: 'parcel', message: labelPrinted },
    { service: 'parcel', message: labelRefused },
  );
}
