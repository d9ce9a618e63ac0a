/** A table of the report. Cells are text: whoever measures knows how exact a figure is. */
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
}

/** One part of `npm run bench`: measures ours and its peers in turn, in one run. */
export interface Section {
  readonly name: string;
  readonly title: string;
  /** Takes so long that it runs only when it is asked for. */
  readonly long?: boolean;
  run(options: SectionOptions): Promise<readonly Table[]>;
}

/** `1234.5` with as many digits as a noisy measurement deserves. */
export const figure = (value: number): string =>
  value >= 100 ? Math.round(value).toString() : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** `12.3 (11.9–13.0)` */
export const withSpread = ({ value, low, high }: Bar): string => `${figure(value)} (${figure(low)}–${figure(high)})`;
