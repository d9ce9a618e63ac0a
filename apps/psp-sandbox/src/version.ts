/** Shown in logs, traces and discovery. */
export const version = '0.0.0';
