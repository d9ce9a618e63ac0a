import { isIPv4, isIPv6 } from 'node:net';
import { getLogger } from './logger.js';
import { instruments, meter } from './metrics.js';
import { redact } from './redact.js';
import {
  securityEventTypes,
  type SecurityEvent,
  type SecurityEventKind,
  type SecurityEventType,
} from './security-event-types.js';

const log = getLogger('security');
const counted = meter('causeway.telemetry').counter(instruments.securityEvents, {
  description: 'Security events, whether stored or not',
  unit: '{event}',
});

/** Most events of one type that strangers can cause and that one process keeps in a minute. */
const perMinute = 300;
const minuteMs = 60_000;
const windows = new Map<SecurityEventType, { endsAt: number; kept: number; left: number }>();

/**
 * Counts an event in the metric, and says whether it may be kept. A flood of what anybody can cause would fill disks and
 * hide everything else, so beyond 300 a minute, of each type in each process, events are only counted. The first one that
 * is kept afterwards says in `suppressed` how many were not.
 * @returns The event; undefined: it is not to be kept.
 */
export function admitSecurityEvent(event: SecurityEvent, now = performance.now()): SecurityEvent | undefined {
  const { type, outcome } = event;
  counted.add(1, { 'security.event.type': type, 'security.event.outcome': outcome });
  const kind: SecurityEventKind = securityEventTypes[type];
  if (!kind.byStrangers) return event;
  const window = windows.get(type) ?? { endsAt: 0, kept: 0, left: 0 };
  windows.set(type, window);
  if (window.kept >= perMinute && now < window.endsAt) {
    window.left += 1;
    return undefined;
  }
  const { left } = window;
  if (now >= window.endsAt) Object.assign(window, { endsAt: now + minuteMs, kept: 0, left: 0 });
  window.kept += 1;
  return left > 0 ? { ...event, details: { ...event.details, suppressed: left } } : event;
}

/** Writes the line of an event that was admitted. A process with a database also stores it: `SecurityLog` of persistence. */
export function logSecurityEvent({ type, outcome, actor, subject, clientId, address, details }: SecurityEvent): void {
  log.info(
    {
      securityEvent: type,
      securityOutcome: outcome,
      actor,
      securitySubject: subject,
      client: clientId,
      network: address === undefined ? undefined : networkOf(address),
      detail: details && JSON.stringify(redact(details)),
    },
    'security event',
  );
}

/**
 * Returns the network of an address: /24 of IPv4, /48 of IPv6. That is enough to see where an attack comes from, and no
 * longer one household. IPv4 written as IPv6 (RFC 4291, 2.5.5.2) counts as IPv4.
 * @returns `192.0.2.0/24`, `2001:db8:1::/48`; undefined for what is not an address.
 */
export function networkOf(address: string): string | undefined {
  const bare = address.trim().replace(/%.*$/, '');
  if (isIPv4(bare)) return bare.replace(/\.\d+$/, '.0/24');
  if (!isIPv6(bare)) return undefined;
  // The URL parser brings every notation into one: lower case, without leading zeros, IPv4 at the end as hexadecimal.
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(canonical);
  if (mapped) {
    const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
    return `${high >> 8}.${high & 255}.${low >> 8}.0/24`;
  }
  const before = canonical.split('::')[0]!.split(':');
  const prefix = [0, 1, 2].map((index) => before[index] || '0').join(':');
  return new URL(`http://[${prefix}::]`).hostname.slice(1, -1) + '/48';
}
