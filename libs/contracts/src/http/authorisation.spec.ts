import { authorisation, roles, routes, scopesOf, scopesOfRoute, type Permission } from '../index.js';

const holders = [...roles, 'machine'] as const;
const rowOf = (operationId: string): Permission | undefined => authorisation[operationId];

test('every operation has a row that says who may call it, and no other row exists', () => {
  expect(Object.keys(authorisation).sort()).toEqual(routes.map(({ operationId }) => operationId).sort());
});

test.each(routes.map((route) => [route.operationId, route] as const))(
  '%s is open to whom its row names, and its scopes go to nobody else',
  (operationId, route) => {
    const row = rowOf(operationId);
    const needed = scopesOfRoute(route);
    if (typeof row !== 'object') return expect(needed).toEqual([]);
    const canGet = holders.filter((holder) =>
      needed.some((scope) => scopesOf[holder === 'machine' ? 'machines' : holder].includes(scope)),
    );
    expect(Object.keys(row).sort()).toEqual([...canGet].sort());
  },
);

test('the scope of the staff reaches everybody’s resources, the other one the caller’s own', () => {
  for (const { operationId, scope, staffScope } of routes) {
    if (staffScope === undefined) continue;
    const row = rowOf(operationId) as Readonly<Record<string, string>>;
    for (const role of roles) {
      const extent = scopesOf[role].includes(staffScope) ? 'any' : scopesOf[role].includes(scope!) ? 'own' : undefined;
      expect([operationId, role, row[role]]).toEqual([operationId, role, extent]);
    }
  }
});

test('nobody has both scopes of a route: whoever reaches everybody’s resources does not act as an owner', () => {
  for (const { operationId, scope, staffScope } of routes) {
    const both = roles.filter((role) => scopesOf[role].includes(scope!) && scopesOf[role].includes(staffScope!));
    expect([operationId, both]).toEqual([operationId, []]);
  }
});

test('machines have no scope that a person needs for themselves or for personal data', () => {
  expect(scopesOf.machines.filter((scope) => /:manage$|:read(-any)?$/.test(scope))).toEqual([]);
});
