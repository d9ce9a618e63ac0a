import type { ServiceOptions } from '../service/plan.js';

export const timestamp = '20261128093000';
export const one = ['parcel.evt.sent.v1'];
const two = ['parcel.evt.sent.v1', 'parcel.evt.label-printed.v2'];
const [confirmed, registered] = ['order.evt.confirmed.v1', 'user.evt.registered.v1'];

/** Every pair of values of two options is in some row, and the options that bring a database are there without it. */
export const rows: readonly (readonly [title: string, options: Omit<ServiceOptions, 'name'>])[] = [
  ['nothing', { shape: 'domain' }],
  ['nothing, flat', { shape: 'flat' }],
  ['a database', { shape: 'flat', database: true }],
  ['routes', { shape: 'domain', http: true }],
  ['routes, flat', { shape: 'flat', http: true }],
  ['everything', { shape: 'domain', database: true, http: true, publishes: two, consumes: [confirmed] }],
  ['everything, flat', { shape: 'flat', http: true, publishes: one, consumes: [confirmed, registered] }],
  ['events of its own', { shape: 'domain', publishes: one }],
  ['events of its own, flat', { shape: 'flat', publishes: two }],
  ['events of others', { shape: 'domain', consumes: [confirmed, registered] }],
  ['events of others, flat', { shape: 'flat', database: true, consumes: [confirmed] }],
  ['routes and a database', { shape: 'domain', database: true, http: true }],
  ['routes and a database, flat', { shape: 'flat', database: true, http: true }],
  ['routes and events of others', { shape: 'domain', http: true, consumes: [registered] }],
  ['routes and events of its own', { shape: 'flat', http: true, publishes: one }],
  ['events from both sides', { shape: 'domain', publishes: one, consumes: [confirmed] }],
];
