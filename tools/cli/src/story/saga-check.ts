import type { DoctorCheck } from '../doctor/check.js';
import { readDatabase } from '../target/read-database.js';
import type { SystemTarget } from '../target/target.js';
import { openSagas } from './open-sagas.js';

/** From placed to confirmed an order takes half a second; the saga asks again after a while. */
const mostWaitMs = 60_000;

/** Orders that wait too long are what customers see of any fault. */
export const sagaCheck = (target: SystemTarget): DoctorCheck => ({
  name: 'open orders',
  finding: async () => {
    const url = (await target.databaseUrl('order')) ?? '';
    const late = await readDatabase(url, (query) => openSagas(query, mostWaitMs, 1_000));
    const number = late.length === 1_000 ? '1000 or more' : String(late.length);
    return {
      ok: late.length === 0,
      detail: `${number} wait longer than a minute`,
      remedy: 'npx causeway orders --waiting 1m',
    };
  },
});
