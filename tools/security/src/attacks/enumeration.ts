import { randomUUID } from 'node:crypto';
import type { Attack, Found } from '../attack.js';
import type { AttackedSystem } from '../attacked-system.js';
import { AttackerBrowser, formOf } from '../browser.js';
import type { AttackAnswer } from '../client.js';
import { signedRankScore } from '../rank-test.js';

/** Who has an account: by what an answer says, by the work that is done for it, and by the time it takes. */
export const enumeration: Attack = {
  id: 'identity/enumeration',
  about: 'who has an account, by messages, by hashes of passwords, and by time (thorough: a rank test of pairs)',
  fast: true,
  run: async (system, found) => {
    const user = system.service('user');
    // Of our own system the service is asked, each time from another address: only then is no limit met before.
    const base = user && new URL(user.url);
    await byMessage(system, found, base);
    if (system.thorough && base) await byTime(system, found, base);
  },
};

type Ask = (email: string) => Promise<AttackAnswer>;

/** Ways to ask, each with a browser of its own. @param base The service itself: each request comes from elsewhere. */
async function ways(system: AttackedSystem, base?: URL): Promise<Readonly<Record<string, Ask>>> {
  const browser = new AttackerBrowser(system, base);
  const page = await browser.get(browser.authorizationPath());
  let requests = 0;
  const elsewhere = (): void => {
    requests += 1;
    if (base) browser.headers = { 'x-forwarded-for': `203.0.113.${requests % 250}` };
  };
  return {
    'a sign-in with a wrong password': (email) => {
      elsewhere();
      return browser.submit(formOf(page.text), { email, password: 'not the right one' });
    },
    'a request for a new password': (email) => {
      elsewhere();
      return browser.submit('/oidc/password/forgotten', { email });
    },
  };
}

const unknownAddress = (): string => `nobody-${randomUUID()}@example.com`;

async function byMessage(system: AttackedSystem, found: Found, base: URL | undefined): Promise<void> {
  const { email } = await system.newcomer();
  for (const [about, ask] of Object.entries(await ways(system, base))) {
    const seen: { answer: string; hashes: number }[] = [];
    for (const each of [email, unknownAddress()]) {
      const before = await hashes(system);
      const { status, headers, text } = await ask(each);
      const names = Object.keys(headers).sort().join();
      const answer = `${status} ${names} ${text.replaceAll(each, '')}`;
      seen.push({ answer, hashes: (await hashes(system)) - before });
    }
    const [known, unknown] = seen;
    if (base && known?.answer.startsWith('429')) found(`${about} is limited before anything can be seen`);
    if (known?.answer !== unknown?.answer)
      found(`${about} is answered differently: ${known?.answer.slice(0, 200)} | ${unknown?.answer.slice(0, 200)}`);
    if (known?.hashes !== unknown?.hashes)
      found(`${about} costs ${known?.hashes} hashes, for an unknown address ${unknown?.hashes}`);
  }
}

/** Hashes of passwords so far, where we can see it. */
async function hashes(system: AttackedSystem): Promise<number> {
  const user = system.service('user');
  if (!user) return 0;
  const text = await (await fetch(`${user.managementUrl}/metrics`)).text();
  const lines = text.match(/^resilience_policy_calls\S*\{[^}]*policy="password-hash"[^}]*\} \d+/gm) ?? [];
  if (lines.length === 0) throw new Error('no metric counts the hashes of passwords');
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Accounts, and how often each is asked for: fewer times than anything is limited or delayed. */
const accounts = 20;
const askedFor = 3;
/** A standard score that chance exceeds once in 16 000 series; a second series has to exceed it in the same direction. */
const farOff = 4;
const series = 2;

/**
 * Pairs of one request for an account and one for nobody, alternately first, right after each other: a pause of the
 * machine meets both alike, and the rank test does not ask how large a difference is, only whether it is always there.
 */
async function byTime(system: AttackedSystem, found: Found, base: URL): Promise<void> {
  const scores = new Map<string, number[]>();
  for (let run = 0; run < series; run += 1) {
    const people = await Promise.all(Array.from({ length: accounts }, () => system.newcomer()));
    const pairs = people.map(({ email }) => [email, unknownAddress()] as const);
    for (const [about, ask] of Object.entries(await ways(system, base))) {
      const differences: number[] = [];
      for (const [known, unknown] of Array.from({ length: askedFor }, () => pairs).flat()) {
        const isFirst = differences.length % 2 === 0;
        const one = (await ask(isFirst ? known : unknown)).ms;
        const other = (await ask(isFirst ? unknown : known)).ms;
        differences.push(isFirst ? one - other : other - one);
      }
      scores.set(about, [...(scores.get(about) ?? []), signedRankScore(differences)]);
    }
  }
  for (const [about, each] of scores)
    if (each.every((score) => score > farOff) || each.every((score) => score < -farOff))
      found(
        `${about} takes another time if there is an account: scores ${each.map((score) => score.toFixed(1)).join(', ')}`,
      );
}
