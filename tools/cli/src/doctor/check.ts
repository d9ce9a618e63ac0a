export interface CheckFinding {
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** One thing to look at. A check that throws has found something wrong. */
export interface DoctorCheck {
  readonly name: string;
  readonly finding: () => Promise<CheckFinding>;
}

/** Compares versions of the form `2.10.27`, part by part. */
export function isAtLeast(version: string, wanted: string): boolean {
  const parts = (text: string): number[] => text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [have, need] = [parts(version), parts(wanted)];
  for (const [index, part] of need.entries()) {
    const own = have[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}
