/** What a suite needs and this machine does not have. Both are shown in the last lines of `npm test`. */
export interface Need {
  /** What is missing, as a clause: `there is no kubectl on the PATH`. */
  readonly missing: string;
  /** How to get it, as a request: `install kubectl: https://kubernetes.io/docs/tasks/tools`. */
  readonly remedy: string;
}

/**
 * `describe` where the machine has what the suite needs. Elsewhere its tests count as skipped, and the reason stands in
 * the title of the suite: that is where `tools/test-totals.mjs` reads it, whichever worker of Jest ran the file.
 */
export const describeWhen =
  (available: boolean, { missing, remedy }: Need) =>
  (title: string, tests: () => void): void =>
    available ? describe(title, tests) : describe.skip(`${title} [skipped: ${missing}; ${remedy}]`, tests);
