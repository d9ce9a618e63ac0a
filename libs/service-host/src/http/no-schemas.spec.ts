import fastify from 'fastify';
import { noSchemas } from './no-schemas.js';

test.each([
  ['body', { body: { type: 'object' } }],
  ['answer', { response: { 200: { type: 'object' } } }],
])('a route with a JSON schema for its %s is refused at the start, by name', async (_part, schema) => {
  const app = fastify({ schemaController: noSchemas });
  app.post('/orders', { schema }, () => ({}));
  await expect(app.ready()).rejects.toThrow(/POST.*\/orders.*describe it with zod/);
});

test('routes without one answer as always', async () => {
  const app = fastify({ schemaController: noSchemas });
  app.get('/orders', () => ({ items: [] }));
  app.get('/fails', () => Promise.reject(new Error('no')));
  expect((await app.inject('/orders')).json()).toEqual({ items: [] });
  expect((await app.inject('/fails')).statusCode).toBe(500);
});
