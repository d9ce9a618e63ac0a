import { getLogger, instruments, meter } from '@causeway/telemetry';
import { NoEndpoint } from './errors.js';
import type { Endpoint, Resolver } from './resolver.js';

const log = getLogger('discovery');
const metrics = meter('causeway.discovery');
const ejections = metrics.counter(instruments.discoveryEjections, {
  description: 'Instances ejected after failures in a row',
  unit: '{ejection}',
});

/** The instance that was picked for one call. */
export interface PickedInstance {
  readonly endpoint: Endpoint;
  /** Reports how the call ended. To be called once, when it is over; further calls do nothing. */
  report(result: CallResult): void;
}

export interface CallResult {
  /** How long it took, milliseconds. */
  readonly ms: number;
  /** The instance did not do its job: no connection, broken off, timeout, 502, 503, 504. */
  readonly failed: boolean;
  /**
   * It failed by not responding in time. An instance that has responded to others meanwhile is only slow: no failure.
   * Default false.
   */
  readonly silent?: boolean;
  /** It has too much work: others are preferred for a while, but it is not ejected. Default false. */
  readonly overloaded?: boolean;
}

export interface BalancerOptions {
  /** Failures in a row after which an instance is ejected. Default 5. */
  readonly ejectAfter?: number;
  /** For how long, milliseconds. Default 10 000. */
  readonly ejectMs?: number;
  /** The time after which a measured latency counts for 37 %, milliseconds. Default 10 000. */
  readonly memoryMs?: number;
  /** 0 to 1. Default Math.random. */
  readonly random?: () => number;
  /** Milliseconds. Default performance.now. */
  readonly now?: () => number;
}

/**
 * An overloaded instance refuses fast. So that this does not attract more calls, it counts as at least this slow,
 * milliseconds.
 */
const overloadedMs = 1_000;

interface Health {
  inflight: number;
  /** Moving average, milliseconds; 0 until something was measured. */
  latencyMs: number;
  measuredAt: number;
  failures: number;
  responses: number;
  ejectedUntil: number;
}

/**
 * Picks the better of two random instances (Mitzenmacher, "The Power of Two Choices"), by latency × calls in flight.
 * The latency fades while an instance is not used: otherwise one slow response would keep it out for ever. With every
 * instance ejected, all are used again: a small chance is better than none.
 */
export class Balancer {
  private readonly services = new Map<string, { list: readonly Endpoint[]; health: Map<string, Health> }>();
  private readonly options: Required<BalancerOptions>;
  private readonly stopGauge: () => void;

  constructor(
    private readonly resolver: Resolver,
    options: BalancerOptions = {},
  ) {
    this.options = {
      ejectAfter: 5,
      ejectMs: 10_000,
      memoryMs: 10_000,
      random: Math.random,
      now: () => performance.now(),
      ...options,
    };
    this.stopGauge = metrics.gauge(
      instruments.discoveryEndpoints,
      { description: 'Known instances', unit: '{instance}' },
      (observe) => {
        for (const service of resolver.services()) observe(resolver.endpoints(service).length, { service });
      },
    );
  }

  /**
   * @param avoid URLs of instances that were tried already; they are used only when there is no other.
   * @throws NoEndpoint
   */
  pick(service: string, avoid?: ReadonlySet<string>): PickedInstance {
    const endpoints = this.resolver.endpoints(service);
    if (endpoints.length === 0) throw new NoEndpoint(service);
    const health = this.healthOf(service, endpoints);
    const now = this.options.now();
    const healthy = endpoints.filter((endpoint) => health.get(keyOf(endpoint))!.ejectedUntil <= now);
    const usable = healthy.length > 0 ? healthy : endpoints;
    const untried = avoid === undefined ? usable : usable.filter((endpoint) => !avoid.has(endpoint.url));
    const endpoint = this.better(untried.length > 0 ? untried : usable, health, now);
    return this.picked(service, endpoint, health.get(keyOf(endpoint))!);
  }

  /** Whether there is an instance besides those that were tried. */
  hasOther(service: string, tried: ReadonlySet<string>): boolean {
    return this.resolver.endpoints(service).some(({ url }) => !tried.has(url));
  }

  /** Ends the metrics of this balancer. */
  close(): void {
    this.stopGauge();
  }

  private better(candidates: readonly Endpoint[], health: ReadonlyMap<string, Health>, now: number): Endpoint {
    if (candidates.length === 1) return candidates[0]!;
    const first = Math.floor(this.options.random() * candidates.length);
    const second = (first + 1 + Math.floor(this.options.random() * (candidates.length - 1))) % candidates.length;
    const [a, b] = [candidates[first]!, candidates[second]!];
    const [healthA, healthB] = [health.get(keyOf(a))!, health.get(keyOf(b))!];
    // An unmeasured instance counts as fast as its rival; else all calls would go to a new one at once.
    const latencyA = this.latency(healthA, now) || this.latency(healthB, now) || 1;
    const latencyB = this.latency(healthB, now) || latencyA;
    return cost(healthA, latencyA) <= cost(healthB, latencyB) ? a : b;
  }

  private latency({ latencyMs, measuredAt }: Health, now: number): number {
    return latencyMs * Math.exp((measuredAt - now) / this.options.memoryMs);
  }

  private picked(service: string, endpoint: Endpoint, health: Health): PickedInstance {
    health.inflight += 1;
    let over = false;
    const responsesBefore = health.responses;
    return {
      endpoint,
      report: ({ ms, failed, silent = false, overloaded = false }) => {
        if (over) return;
        over = true;
        health.inflight -= 1;
        const alive = silent && health.responses > responsesBefore;
        if (failed && !alive) this.failed(service, endpoint, health);
        else this.responded(health, overloaded ? Math.max(ms, overloadedMs) : ms);
      },
    };
  }

  private responded(health: Health, ms: number): void {
    const now = this.options.now();
    const weight = health.latencyMs === 0 ? 0 : Math.exp((health.measuredAt - now) / this.options.memoryMs);
    // The floor keeps a sample apart from "not measured".
    health.latencyMs = Math.max(0.01, health.latencyMs * weight + ms * (1 - weight));
    // A slow response counts in full at once ("peak" EWMA of Finagle): an instance that starts to queue is noticed with
    // its first call.
    if (ms > health.latencyMs) health.latencyMs = ms;
    health.measuredAt = now;
    health.responses += 1;
    health.failures = 0;
  }

  /** The time of a failure is not measured: refusing is fast. */
  private failed(service: string, endpoint: Endpoint, health: Health): void {
    health.failures += 1;
    if (health.failures < this.options.ejectAfter) return;
    const now = this.options.now();
    if (health.ejectedUntil > now) return;
    // The count stays: after the pause one more failure is enough.
    health.ejectedUntil = now + this.options.ejectMs;
    ejections.add(1, { service });
    log.warn(
      { peer: service, peerInstance: endpoint.id, url: endpoint.url, failures: health.failures },
      `${service} ${endpoint.id} failed ${health.failures} times in a row; ejected for ${this.options.ejectMs} ms`,
    );
  }

  private healthOf(service: string, list: readonly Endpoint[]): ReadonlyMap<string, Health> {
    const known = this.services.get(service);
    if (known?.list === list) return known.health;
    const fresh = (): Health => ({
      inflight: 0,
      latencyMs: 0,
      measuredAt: 0,
      failures: 0,
      responses: 0,
      ejectedUntil: 0,
    });
    const health = new Map(list.map((endpoint) => [keyOf(endpoint), known?.health.get(keyOf(endpoint)) ?? fresh()]));
    this.services.set(service, { list, health });
    return health;
  }
}

const keyOf = ({ id, url }: Endpoint): string => `${id} ${url}`;
const cost = ({ inflight }: Health, latencyMs: number): number => latencyMs * (inflight + 1);
