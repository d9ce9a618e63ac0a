const longestMs = 2 ** 31 - 1;

/**
 * A plain timer that is never early, and may be of any length: Node truncates fractions of a millisecond, and runs at
 * once what is due in more than 24.8 days.
 */
export const startTimer = (ms: number, run: () => void): NodeJS.Timeout =>
  setTimeout(run, Math.min(Math.ceil(ms), longestMs));

/** Resolves after `ms`. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => void startTimer(ms, resolve));
