import { addRoute, removeRoute } from '../src/pieces/route.js';
import { differences, repositoryTree } from '../src/testing/repository-tree.js';

const timestamp = '20270101000000';
const notes = {
  service: 'order',
  path: '/v1/orders/{orderId}/notes',
  scope: 'orders',
  timestamp,
  field: ['text:line(20)'],
};

// Half a minute of formatting, so not in `npm test`; one route is added and removed there.
test('all routes of a collection are added, and removed in another order without a trace', async () => {
  const tree = repositoryTree();
  const item = { ...notes, path: `${notes.path}/{noteId}` };
  const routes = [
    { ...notes, method: 'GET' },
    { ...item, method: 'GET' },
    { ...notes, method: 'POST' },
    { ...item, method: 'PUT' },
    { ...item, method: 'DELETE' },
  ];
  for (const route of routes) await addRoute(tree, route);
  const all = differences(tree);
  for (const route of [3, 0, 2]) await removeRoute(tree, routes[route]!);
  for (const route of [3, 0, 2]) await addRoute(tree, routes[route]!);
  expect(differences(tree)).toEqual(all);
  for (const route of [1, 4, 0, 3, 2]) await removeRoute(tree, routes[route]!);
  expect(differences(tree)).toEqual([]);
});
