import { FieldCipher, FieldDecryptionFailed, FieldKeys } from '@causeway/persistence';
import { openAddress, sealAddress } from './address-columns.js';

const cipher = new FieldCipher(new FieldKeys(new Map([['v1', Buffer.alloc(32, 1)]]), 'v1'));
const body = {
  label: 'Home',
  recipient: 'Ann Bell',
  line1: 'Elm Row 9',
  postalCode: '20099',
  city: 'Hamburg',
  country: 'DE',
};

test('a sealed address can be opened, with and without the optional line', () => {
  for (const address of [body, { ...body, line2: 'Backyard' }]) {
    const row = { id: 'a', version: 3, ...sealAddress(cipher, 'a', address) };
    expect(openAddress(cipher, row)).toEqual({ ...address, id: 'a', version: 3 });
  }
});

test('only the country is readable', () => {
  const { country, ...sealed } = sealAddress(cipher, 'a', body);
  expect(country).toBe('DE');
  for (const value of Object.values(sealed)) expect(value ?? 'v1.').toMatch(/^v1\./);
});

test('a column copied into another row or column does not open', () => {
  const row = sealAddress(cipher, 'a', body);
  expect(() => openAddress(cipher, { id: 'b', version: 1, ...row })).toThrow(FieldDecryptionFailed);
  const swapped = { ...row, citySealed: row.recipientSealed };
  expect(() => openAddress(cipher, { id: 'a', version: 1, ...swapped })).toThrow(FieldDecryptionFailed);
});
