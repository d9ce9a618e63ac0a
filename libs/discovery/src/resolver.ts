/** One instance of a service. */
export interface Endpoint {
  /** Unique among the instances of its service. */
  readonly id: string;
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly version?: string;
}

/** Service name to live instances. */
export interface Resolver {
  /** The instances known now; the same array until something changes. Empty for an unknown service. Never waits. */
  endpoints(service: string): readonly Endpoint[];
  /** Every service that is known. */
  services(): readonly string[];
  close(): Promise<void>;
}

const none: readonly Endpoint[] = [];

/** Resolves from addresses that don't change while the process runs. The URL is the id. */
export function staticResolver(services: Readonly<Record<string, readonly string[]>>): Resolver {
  const known = new Map(Object.entries(services).map(([name, urls]) => [name, urls.map((url) => ({ id: url, url }))]));
  return {
    endpoints: (service) => known.get(service) ?? none,
    services: () => [...known.keys()],
    close: () => Promise.resolve(),
  };
}
