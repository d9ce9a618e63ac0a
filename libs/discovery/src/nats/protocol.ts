import { z } from 'zod';

/**
 * The NATS Services protocol (github.com/nats-io/nats-architecture-and-design, ADR-32), as far as discovery needs it.
 * `nats micro ls`, `info` and `stats` of the official CLI understand it. Written by hand: `@nats-io/services` is pinned
 * to a nats-core of its own.
 */
export const verbs = ['PING', 'INFO', 'STATS'] as const;
export type Verb = (typeof verbs)[number];

/** The subjects on which an instance replies: of all services, of its service, of itself. */
export const subjectsOf = (verb: Verb, name: string, id: string): string[] => [
  `$SRV.${verb}`,
  `$SRV.${verb}.${name}`,
  `$SRV.${verb}.${name}.${id}`,
];

/** Pings all instances of a service. */
export const pingSubject = (service: string): string => `$SRV.PING.${service}`;

/**
 * Our addition to the ADR: an instance announces its arrival and departure, so that resolvers need not wait for the
 * next round of pings. One subject a service: the broker's permissions let only the service itself publish there.
 */
export const announcedSubject = (service: string): string => `causeway.discovery.announced.${service}`;
export const leftSubject = (service: string): string => `causeway.discovery.left.${service}`;

export const responseType = (verb: Verb): string => `io.nats.micro.v1.${verb.toLowerCase()}_response`;

/** ADR-32: names and ids are subject tokens. */
const token = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);

/** `metadata.url` is what makes a NATS micro service one of ours. */
export const identity = z.object({
  name: token,
  id: token,
  version: z.string().regex(/^[\x20-\x7e]{0,64}$/),
  metadata: z.object({ url: z.url({ protocol: /^https?$/ }).max(512) }),
});
export type Identity = z.infer<typeof identity>;

export const departure = z.object({ name: token, id: token });

export const semanticVersion = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
export const isToken = (value: string): boolean => token.safeParse(value).success;
