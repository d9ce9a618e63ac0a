/** One thing that happened to an order, as one part of the system recorded it. */
export interface StoryEvent {
  readonly at: Date;
  /** Who recorded it: `order`, `payment`, `provider`. */
  readonly by: string;
  readonly what: string;
  readonly traceId?: string;
}

/** What one part of the system knows about an order. */
export interface StoryPart {
  readonly events: readonly StoryEvent[];
  /** How it stands now: a line for each fact. */
  readonly now: readonly string[];
  /** What is wrong or still open. */
  readonly open: readonly string[];
}

export const traceIdOf = (traceparent: string | null | undefined): string | undefined => traceparent?.split('-')[1];

/** `119.80 EUR`: all of our currencies have two decimals. */
export const money = (minor: string | number, currency: string): string =>
  `${(Number(minor) / 100).toFixed(2)} ${currency}`;
