import type { SealedTable } from '@causeway/persistence';

/** Everything that this service encrypts. A column that is missing here would be unreadable once its key is gone. */
export const sealedTables: readonly SealedTable[] = [
  {
    table: 'users',
    key: { id: 'uuid' },
    columns: { email_sealed: 'users.email', display_name_sealed: 'users.display_name' },
  },
  {
    table: 'addresses',
    key: { id: 'uuid' },
    columns: {
      label_sealed: 'addresses.label',
      recipient_sealed: 'addresses.recipient',
      line1_sealed: 'addresses.line1',
      line2_sealed: 'addresses.line2',
      postal_code_sealed: 'addresses.postal_code',
      city_sealed: 'addresses.city',
    },
  },
  { table: 'sessions', key: { id: 'uuid' }, columns: { browser_sealed: 'sessions.browser' } },
  { table: 'passkeys', key: { id: 'uuid' }, columns: { name_sealed: 'passkeys.name' } },
  { table: 'mails', key: { id: 'uuid' }, columns: { letter_sealed: 'mails.letter' } },
  {
    table: 'oidc_artifacts',
    key: { model: 'text', id_hash: 'text' },
    columns: { payload_sealed: 'oidc_artifacts.payload' },
  },
  { table: 'signing_keys', key: { kid: 'text' }, columns: { private_jwk_sealed: 'signing_keys.private_jwk' } },
  {
    table: 'causeway.idempotency',
    key: { subject: 'text', route: 'text', key: 'text' },
    columns: { body: 'idempotency.body' },
    member: 'sealed',
  },
];
