import { z } from 'zod';
import { id, postalAddress, timestamp } from '../values.js';
import { event, rpc } from './define.js';

/** Holds no personal data: whoever needs more asks the user service. */
export const userRegistered = event(
  'user.evt.registered.v1',
  'A person registered',
  z.object({ userId: id, registeredAt: timestamp }),
);

export const getAddress = rpc(
  'user.rpc.get-address.v1',
  'One address of a user; `found: false` when it does not exist or is somebody else’s',
  z.object({ userId: id, addressId: id }),
  z.discriminatedUnion('found', [
    z.object({ found: z.literal(true), address: postalAddress }),
    z.object({ found: z.literal(false) }),
  ]),
);
