import type { Principal } from '@causeway/auth';
import { NotFound } from '@causeway/errors';
import type { FastifyRequest } from 'fastify';
import type { Resource, Upstream } from '../upstream/upstream.js';
import { OverviewController } from './overview.controller.js';

const request = { headers: {}, signal: new AbortController().signal } as FastifyRequest;
const customer: Principal = { subject: 'u1', clientId: 'c', scopes: new Set(), kind: 'person' };
const read = (answer: (resource: Resource<unknown>) => Promise<unknown>) =>
  new OverviewController({ read: answer } as unknown as Upstream).read({ orderId: 'o1' }, customer, request);

test('an unexpected error is a missing part, and its message stays here', async () => {
  const overview = await read(({ service }) =>
    service === 'order' ? Promise.resolve({ id: 'o1', paymentId: 'p1' }) : Promise.reject(new TypeError('secret')),
  );
  expect(overview).toMatchObject({
    order: { available: true },
    payment: { available: false, code: 'INTERNAL' },
    customer: { available: false, code: 'INTERNAL' },
  });
  expect(JSON.stringify(overview)).not.toContain('secret');
});

test('an order that is not there decides, whatever becomes of the rest', async () => {
  const overview = read(({ service }) =>
    service === 'order' ? Promise.reject(new NotFound('order o1')) : Promise.reject(new TypeError('secret')),
  );
  await expect(overview).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
