import type { SealedTable } from '@causeway/persistence';

/**
 * Everything that this service encrypts with its own key. Card tokens are sealed with the key of payment, and gone within
 * minutes (docs/decisions/0051).
 */
export const sealedTables: readonly SealedTable[] = [
  {
    table: 'orders',
    key: { id: 'uuid' },
    columns: { address_sealed: 'orders.address_sealed', given_reason_sealed: 'orders.given_reason_sealed' },
  },
];
