/**
 * A slow machine is no fault of the system: the deadline of a laptop, 3 s, is over there before a sign-in is done. For
 * every service of a test that is not about deadlines.
 */
export const patience = { REQUEST_DEADLINE_MS: '60000' } as const;
