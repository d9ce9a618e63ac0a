/** Names under which `app.module.ts` binds what is no class. */
export const CLOCK = Symbol('CLOCK');
export const WEBHOOK_SECRETS = Symbol('WEBHOOK_SECRETS');
export const UNIT_OF_WORK = Symbol('UNIT_OF_WORK');
