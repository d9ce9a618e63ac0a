import type { Attack } from '../attack.js';
import { AttackerBrowser } from '../browser.js';
import type { AttackAnswer } from '../client.js';

const racers = 10;

/** A code or a refresh token that two use at the same instant. */
export const races: Attack = {
  id: 'identity/races',
  about: 'one code and one refresh token, each used ten times at the same instant, and again later',
  fast: true,
  run: async (system, found) => {
    const { email, password } = await system.newcomer();
    const browser = new AttackerBrowser(system);
    const code = await browser.code(email, password);
    const exchanged = await Promise.all(Array.from({ length: racers }, () => browser.exchange(code)));
    const won = exchanged.filter(({ status }) => status === 200);
    if (won.length > 1) found(`one code was exchanged ${won.length} times`);
    for (const { status, text } of exchanged)
      if (status !== 200 && status !== 400) found(`a code in a race → ${status} ${text.slice(0, 100)}`);
    // Somebody else has the code, so what it gave is worth nothing any more.
    for (const answer of won)
      if ((await browser.refresh(refreshTokenIn(answer))).status < 400)
        found('the refresh token of a code that was used twice is still good');

    const session = new AttackerBrowser(system);
    const first = refreshTokenIn(await session.exchange(await session.code(email, password)));
    const refreshed = await Promise.all(Array.from({ length: racers }, () => session.refresh(first)));
    const renewed = refreshed.filter(({ status }) => status === 200);
    for (const { status, text } of refreshed)
      if (status !== 200 && status !== 400) found(`a refresh token in a race → ${status} ${text.slice(0, 100)}`);
    const stolen = await session.refresh(first, { client_id: 'causeway-docs' });
    if (stolen.status < 400) found('a refresh token is good for another client');
    // Tabs that refresh at once are all served for a moment (decision 0046). Once one of them has gone on, the token of before
    // is a theft, and everything that was issued for it ends.
    const [tab, ...others] = renewed;
    if (!tab) return;
    const next = await session.refresh(refreshTokenIn(tab));
    if ((await session.refresh(first)).status < 400) found('a refresh token is good after its successor was used');
    for (const answer of [next, ...others])
      if ((await session.refresh(refreshTokenIn(answer))).status < 400)
        found('what was issued for a refresh token that was used twice is still good');
  },
};

const refreshTokenIn = ({ text }: AttackAnswer): string =>
  (JSON.parse(text || '{}') as { refresh_token?: string }).refresh_token ?? '';
