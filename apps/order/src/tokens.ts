/** Injection tokens of ports, which have no class of their own. `app.module.ts` binds them. */
export const CATALOGUE = Symbol('CATALOGUE');
