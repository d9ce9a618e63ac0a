import { z } from 'zod';
import { line, opaque, text } from '../text.js';
import { id, postalAddress, timestamp, version } from '../values.js';

export const email = z.email({ error: 'expected an e-mail address' }).max(254);
const displayName = line(80);

/** As NIST SP 800-63B counts: code points, after the normalisation in which the password is hashed. */
export const newPassword = opaque(12, 256)
  .refine((value) => [...value].length < 12 || [...value.normalize('NFKC')].length >= 12, {
    error: 'expected at least 12 characters',
  })
  .meta({
    description: 'At least 12 characters, and not a commonly used password',
    format: 'password',
  });

export const registerUserBody = z
  .strictObject({
    email: email.meta({ description: 'The address you sign in with; upper and lower case are equivalent' }),
    password: newPassword,
    displayName: displayName.meta({ description: 'How you want to be addressed' }),
  })
  .meta({ id: 'Registration' });
export const userView = z
  .object({
    id,
    email,
    emailVerified: z.boolean().meta({ description: 'True once its owner has followed the link that was mailed to it' }),
    displayName,
    version,
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'User' });
export const changePasswordBody = z
  .strictObject({
    currentPassword: opaque(1, 256).meta({ description: 'The password you sign in with', format: 'password' }),
    newPassword,
  })
  .meta({ id: 'PasswordChange' });
export const changeUserBody = z.strictObject({ displayName }).meta({ id: 'ProfileChange' });

export const addressBody = postalAddress
  .extend({ label: line(40).meta({ description: 'Your name for the address', example: 'Home' }) })
  .meta({ id: 'NewAddress' });
export const addressView = addressBody.extend({ id, version }).strip().meta({ id: 'Address' });
export const addressList = z.object({ items: z.array(addressView) }).meta({ id: 'AddressList' });

export const sessionView = z
  .object({
    id,
    browser: text.meta({ description: 'Browser and system it was started with', example: 'Firefox on Linux' }),
    startedAt: timestamp,
    lastUsedAt: timestamp,
    current: z.boolean().meta({ description: 'True for the session this token belongs to' }),
  })
  .meta({ id: 'Session' });
export const sessionList = z.object({ items: z.array(sessionView) }).meta({ id: 'SessionList' });

export type RegisterUserBody = z.infer<typeof registerUserBody>;
export type ChangePasswordBody = z.infer<typeof changePasswordBody>;
export type ChangeUserBody = z.infer<typeof changeUserBody>;
export type UserView = z.infer<typeof userView>;
export type SessionView = z.infer<typeof sessionView>;
export type AddressBody = z.infer<typeof addressBody>;
export type AddressView = z.infer<typeof addressView>;
