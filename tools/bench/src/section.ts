/** A table of a report. Cells are text: whoever measures knows how exact a figure is. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What the figures mean, and what to make of them. */
  readonly note?: string;
  /** The same figures as a plot. */
  readonly bars?: { readonly unit: string; readonly values: readonly Bar[] };
}

/** A measured value with its spread. */
export interface Bar {
  readonly name: string;
  /** Median of the rounds. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface SectionOptions {
  /** A few seconds instead of minutes: shows that the section works, and nothing else. */
  readonly quick: boolean;
  /** Receives progress, a line at a time. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** One part of `npm run bench`: measures ours and its peers in turn, in one run. */
export interface Section {
  readonly name: string;
  readonly title: string;
  run(options: SectionOptions): Promise<readonly Table[]>;
}
