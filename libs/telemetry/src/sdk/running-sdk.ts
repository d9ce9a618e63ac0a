/** An SDK that has been registered. */
export interface RunningSdk {
  /** Whether anybody reads the metrics. If nobody does, instruments stay unbound and cost nothing. */
  readonly measures: boolean;
  stop(): Promise<unknown>;
}
