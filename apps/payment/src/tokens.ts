/** Injection tokens of what has no class of its own. `app.module.ts` binds them. */
export const CLOCK = Symbol('CLOCK');
export const WEBHOOK_SECRETS = Symbol('WEBHOOK_SECRETS');
