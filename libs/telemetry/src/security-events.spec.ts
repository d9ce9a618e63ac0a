import { callerFields, logLine } from './log-schema.js';
import { createLogger } from './logger.js';
import { securityEventTypes } from './security-event-types.js';
import { admitSecurityEvent, logSecurityEvent, networkOf } from './security-events.js';

test.each([
  ['192.0.2.77', '192.0.2.0/24'],
  ['::ffff:192.0.2.77', '192.0.2.0/24'],
  ['2001:0DB8:0001:0002::7', '2001:db8:1::/48'],
  ['2001:db8::7', '2001:db8::/48'],
  ['2001:0:0:5::7', '2001::/48'],
  ['fe80::1%eth0', 'fe80::/48'],
  ['::1', '::/48'],
  ['not an address', undefined],
  ['', undefined],
])('the network of %s is %s', (address, network) => expect(networkOf(address)).toBe(network));

test('of what strangers can cause, 300 events a minute are kept, and the next one says how many were not', () => {
  const admit = (now: number) => admitSecurityEvent({ type: 'password.reset-requested', outcome: 'success' }, now);
  const kept = Array.from({ length: 1_000 }, () => admit(1_000)).filter((event) => event !== undefined);
  expect(kept).toHaveLength(300);
  expect(admit(60_999)).toBeUndefined();
  expect(admit(61_000)?.details).toEqual({ suppressed: 701 });
  expect(admit(61_001)?.details).toBeUndefined();
});

test('what only known people can do is always kept', () => {
  const admit = () => admitSecurityEvent({ type: 'role.granted', outcome: 'success', details: { role: 'support' } }, 1);
  const events = Array.from({ length: 1_000 }, admit);
  expect(events.every((event) => event?.details?.['role'] === 'support')).toBe(true);
});

test('a line of the log says what happened, without the address and without secrets', () => {
  const lines: string[] = [];
  createLogger({
    service: 'user',
    instanceId: 'user-1',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  logSecurityEvent({
    type: 'sign-in.succeeded',
    outcome: 'success',
    actor: 'c0ffee00-0000-7000-8000-000000000001',
    clientId: 'causeway-demo',
    address: '192.0.2.77',
    details: { method: 'password', password: 'hunter2', hint: 'ada@example.com' },
  });
  const [line] = lines.map((text) => logLine.parse(JSON.parse(text)));
  expect(line).toMatchObject({
    scope: 'security',
    securityEvent: 'sign-in.succeeded',
    securityOutcome: 'success',
    network: '192.0.2.0/24',
    client: 'causeway-demo',
  });
  expect(lines.join()).not.toMatch(/192\.0\.2\.77|hunter2|ada@/);
  expect(callerFields).toContain('securitySubject');
});

test('types are named `what.happened`', () => {
  for (const type of Object.keys(securityEventTypes)) expect(type).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);
});
