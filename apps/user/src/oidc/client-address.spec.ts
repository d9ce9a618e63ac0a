import type { Socket } from 'node:net';
import { clientAddress } from './client-address.js';

const socket = { remoteAddress: '10.1.1.1' } as Socket;

test('without the header it is the peer', () => {
  expect(clientAddress({ headers: {}, socket })).toBe('10.1.1.1');
});

test('it is what the gateway added, not what the client sent before it', () => {
  expect(clientAddress({ headers: { 'x-forwarded-for': '1.1.1.1, 192.0.2.7' }, socket })).toBe('192.0.2.7');
});

test('several headers count as one list', () => {
  const headers = { 'x-forwarded-for': ['1.1.1.1', '192.0.2.7'] } as unknown as Record<string, string>;
  expect(clientAddress({ headers, socket })).toBe('192.0.2.7');
});

test.each(['', ' ', '1.1.1.1,'])('an empty entry (%j) is not an address', (header) => {
  expect(clientAddress({ headers: { 'x-forwarded-for': header }, socket })).toBe('10.1.1.1');
});
