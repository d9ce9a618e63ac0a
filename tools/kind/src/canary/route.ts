import { Refused } from '../run.js';

/** Of a route in the cluster, what is looked at. */
export interface Route {
  readonly metadata: { readonly generation?: number; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly rules?: readonly {
      readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[];
    }[];
  };
  readonly status?: {
    readonly parents?: readonly {
      readonly conditions?: readonly {
        readonly type: string;
        readonly status: string;
        readonly reason?: string;
        readonly message?: string;
        readonly observedGeneration?: number;
      }[];
    }[];
  };
}

/** Where the two weights of a route are, and what they are. */
export interface Shares {
  /** Index of the rule. */
  readonly rule: number;
  readonly stable: Backend;
  readonly canary: Backend;
}

export interface Backend {
  readonly index: number;
  readonly name: string;
  readonly weight: number;
}

/** @throws Refused when the route has no canary, or one of another service */
export function sharesOf({ metadata, spec }: Route, app: string): Shares {
  const tried = metadata.labels?.['causeway.dev/canary'];
  if (tried === undefined)
    throw new Refused(
      `No canary is deployed: the HTTPRoute causeway has no label causeway.dev/canary. Take the component canary-${app} in the overlay, and apply it (k8s/components/canary/README.md).`,
    );
  if (tried !== app) throw new Refused(`The version that is tried here is one of ${tried}, not of ${app}.`);
  for (const [rule, { backendRefs = [] }] of (spec.rules ?? []).entries()) {
    // The default of the Gateway API.
    const backends = backendRefs.map(({ name, weight = 1 }, index) => ({ index, name, weight }));
    const canary = backends.find(({ name }) => name.endsWith('-canary'));
    const stable = backends.find(({ name }) => `${name}-canary` === canary?.name);
    if (canary && stable && backends.length === 2) return { rule, stable, canary };
  }
  throw new Refused(
    'The HTTPRoute causeway has no rule with exactly two backends, a Service and its canary: somebody has changed it. Apply the overlay again.',
  );
}

type Operation = { readonly op: 'test' | 'replace'; readonly path: string; readonly value: string | number };

/**
 * A JSON patch (RFC 6902). It fails where the route is no longer what was looked at, so two people who shift at the same
 * time do not undo each other unseen.
 */
export function patchOf({ rule, stable, canary }: Shares, weight: number): Operation[] {
  const at = ({ index }: Backend): string => `/spec/rules/${rule}/backendRefs/${index}`;
  const tests = [stable, canary].flatMap((backend): Operation[] => [
    { op: 'test', path: `${at(backend)}/name`, value: backend.name },
    { op: 'test', path: `${at(backend)}/weight`, value: backend.weight },
  ]);
  return [...tests, ...replacementsOf({ rule, stable, canary }, weight)];
}

/** The same for an overlay, where what is there comes from its own files. */
export const replacementsOf = ({ rule, stable, canary }: Shares, weight: number): Operation[] => [
  { op: 'replace', path: `/spec/rules/${rule}/backendRefs/${stable.index}/weight`, value: 100 - weight },
  { op: 'replace', path: `/spec/rules/${rule}/backendRefs/${canary.index}/weight`, value: weight },
];

/** Whether the controller has taken over the route as it is now; what is wrong, if it says so. */
export function acceptance({ metadata, status }: Route): { readonly done: boolean; readonly refused?: string } {
  const conditions = (status?.parents ?? [])
    .flatMap(({ conditions: each = [] }) => each)
    .filter(({ observedGeneration = 0 }) => observedGeneration >= (metadata.generation ?? 0));
  const bad = conditions.find(({ type, status: is }) => /^(Accepted|ResolvedRefs)$/.test(type) && is === 'False');
  if (bad) return { done: true, refused: `${bad.reason ?? bad.type}: ${bad.message ?? ''}` };
  return { done: conditions.some(({ type, status: is }) => type === 'Accepted' && is === 'True') };
}
