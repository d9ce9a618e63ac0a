import { z } from 'zod';
import { id, postalAddress, timestamp } from '../values.js';
import { event, rpc } from './define.js';

/** Contains no personal data: a consumer that needs more asks the user service. */
export const userRegistered = event(
  'user.evt.registered.v1',
  'A customer registered',
  z.object({ userId: id, registeredAt: timestamp }),
);

/** Whoever keeps something of a person forgets it on this event, or says why it is kept. */
export const userErased = event(
  'user.evt.erased.v1',
  'A person’s account and personal data were erased',
  z.object({ userId: id, erasedAt: timestamp }),
);

export const getAddress = rpc(
  'user.rpc.get-address.v1',
  'Gets an address of a user; `found` is false if it does not exist or belongs to another user',
  z.object({ userId: id, addressId: id }),
  z.discriminatedUnion('found', [
    z.object({ found: z.literal(true), address: postalAddress }),
    z.object({ found: z.literal(false) }),
  ]),
);
