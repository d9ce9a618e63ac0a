import { everyService, meshServices } from './targets.js';

test('a service that nobody calls is a target without callers, behind those that are called', () => {
  const added = everyService(meshServices, [...meshServices.map(({ name }) => name), 'listener']);
  expect(added.slice(0, -1)).toEqual(meshServices);
  expect(added.at(-1)).toMatchObject({ name: 'listener', port: 8080, callers: [] });
});
