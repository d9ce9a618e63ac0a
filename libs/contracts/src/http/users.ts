import { z } from 'zod';
import { id, postalAddress, timestamp } from '../values.js';

export const email = z.email({ error: 'expected an e-mail address' }).max(254);
const displayName = z.string().trim().min(1).max(80);

export const registerUserBody = z.strictObject({
  email,
  password: z.string().min(12, { error: 'expected at least 12 characters' }).max(256),
  displayName,
});
export const userView = z
  .object({ id, email, displayName, version: z.int(), createdAt: timestamp, updatedAt: timestamp })
  .meta({ id: 'User' });
export const changeUserBody = z.strictObject({ displayName });

export const addressBody = postalAddress.extend({ label: z.string().trim().min(1).max(40) });
export const addressView = addressBody.extend({ id, version: z.int() }).strip().meta({ id: 'Address' });
export const addressList = z.object({ items: z.array(addressView) });

export type RegisterUserBody = z.infer<typeof registerUserBody>;
export type ChangeUserBody = z.infer<typeof changeUserBody>;
export type UserView = z.infer<typeof userView>;
export type AddressBody = z.infer<typeof addressBody>;
export type AddressView = z.infer<typeof addressView>;
