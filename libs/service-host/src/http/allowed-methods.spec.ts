import { fastify } from 'fastify';
import { AllowedMethods } from './allowed-methods.js';

const server = fastify();
const allowed = new AllowedMethods(server);
const handler = () => ({});
server.get('/v1/orders/:id', handler);
server.post('/v1/orders/:id/cancel', handler);
server.route({ method: ['GET', 'POST'], url: '/oidc/*', handler });
server.get('/v1/files/:name.json', handler);
server.get('/v1/a+b', handler);

test.each([
  ['/v1/orders/7', ['GET', 'HEAD']],
  ['/v1/orders/7?x=/cancel', ['GET', 'HEAD']],
  ['/v1/orders/7/cancel', ['POST']],
  ['/v1/orders/', []],
  ['/v1/orders/7/', []],
  ['/v1/orders', []],
  ['/oidc/a/b', ['GET', 'HEAD', 'POST']],
  ['/v1/files/x.json', ['GET', 'HEAD']],
  ['/v1/files/x.xml', []],
  ['/v1/a+b', ['GET', 'HEAD']],
  ['/v1/aab', []],
])('%s takes %j', (url, methods) => {
  expect(allowed.at(url)).toEqual(methods);
});
