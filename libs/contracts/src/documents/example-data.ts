import type { AddressView, SessionView, UserView } from '../http/users.js';

/** One customer for all examples, so that the response of one operation fits the request of the next. */

export const ada: UserView = {
  id: '0193a7bf-11aa-7c58-a1f4-7d2b9f04c6e3',
  email: 'ada@example.com',
  emailVerified: false,
  displayName: 'Ada Lovelace',
  version: 1,
  createdAt: '2026-11-21T10:00:00.000Z',
  updatedAt: '2026-11-21T10:00:00.000Z',
};
export const password = 'notes on the analytical engine';

export const parcel = {
  recipient: 'Ada Lovelace',
  line1: '12 St James’s Square',
  postalCode: 'SW1Y 4JH',
  city: 'London',
  country: 'GB',
};
export const home = { label: 'Home', ...parcel };
export const homeView: AddressView = { id: '0193a7c0-52e7-7f19-b6d8-90e4b1a7c5d2', ...home, version: 1 };

export const session: SessionView = {
  id: '0193a7c1-04d2-7a3b-8e65-3c9d1f7b2a48',
  browser: 'Firefox on Linux',
  startedAt: '2026-11-21T10:00:00.000Z',
  lastUsedAt: '2026-11-21T11:30:00.000Z',
  current: true,
};
