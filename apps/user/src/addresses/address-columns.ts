import type { AddressBody, AddressView, PostalAddress } from '@causeway/contracts';
import type { FieldCipher } from '@causeway/persistence';
import type { Address } from '../generated/prisma/client.js';

/**
 * Column names bound into the ciphertext. They must never change: fields sealed under another name cannot be opened.
 */
const columns = {
  label: 'addresses.label',
  recipient: 'addresses.recipient',
  line1: 'addresses.line1',
  line2: 'addresses.line2',
  postalCode: 'addresses.postal_code',
  city: 'addresses.city',
} as const;

export type SealedAddress = Pick<
  Address,
  'labelSealed' | 'recipientSealed' | 'line1Sealed' | 'line2Sealed' | 'postalCodeSealed' | 'citySealed' | 'country'
>;

/** Encrypts every field of an address except the country. */
export function sealAddress(cipher: FieldCipher, id: string, body: AddressBody): SealedAddress {
  return {
    labelSealed: cipher.encrypt(body.label, columns.label, id),
    recipientSealed: cipher.encrypt(body.recipient, columns.recipient, id),
    line1Sealed: cipher.encrypt(body.line1, columns.line1, id),
    line2Sealed: body.line2 === undefined ? null : cipher.encrypt(body.line2, columns.line2, id),
    postalCodeSealed: cipher.encrypt(body.postalCode, columns.postalCode, id),
    citySealed: cipher.encrypt(body.city, columns.city, id),
    country: body.country,
  };
}

/** Decrypts a row. @throws FieldDecryptionFailed for a value that was sealed for another row or column. */
export function openAddress(cipher: FieldCipher, row: SealedAddress & { id: string; version: number }): AddressView {
  const { id, version } = row;
  const label = cipher.decrypt(row.labelSealed, columns.label, id);
  return { id, label, ...openPostalAddress(cipher, row), version };
}

export type SealedPostalAddress = Omit<SealedAddress, 'labelSealed'> & { readonly id: string };

/** Decrypts a row without the customer's own label. @throws FieldDecryptionFailed */
export function openPostalAddress(cipher: FieldCipher, row: SealedPostalAddress): PostalAddress {
  const { id } = row;
  return {
    recipient: cipher.decrypt(row.recipientSealed, columns.recipient, id),
    line1: cipher.decrypt(row.line1Sealed, columns.line1, id),
    ...(row.line2Sealed !== null && { line2: cipher.decrypt(row.line2Sealed, columns.line2, id) }),
    postalCode: cipher.decrypt(row.postalCodeSealed, columns.postalCode, id),
    city: cipher.decrypt(row.citySealed, columns.city, id),
    country: row.country,
  };
}
