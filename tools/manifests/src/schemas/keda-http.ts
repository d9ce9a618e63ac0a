import type { IConfigMap } from 'kubernetes-models/v1';

/**
 * Of the KEDA HTTP add-on from 0.14 on (operator/apis/http/v1beta1/interceptorroute_types.go in kedacore/http-add-on), for
 * which there is no package of types. Durations are texts: `20s`.
 */
export interface IInterceptorRoute {
  readonly apiVersion: 'http.keda.sh/v1beta1';
  readonly kind: 'InterceptorRoute';
  readonly metadata?: IConfigMap['metadata'];
  readonly spec: {
    readonly target: Target;
    readonly proxyMode?: 'Service' | 'Endpoint';
    /** Where requests go while there is no pod, and the wait is over. */
    readonly coldStart?: { readonly fallback: Target };
    readonly timeouts?: { readonly readiness?: string; readonly request?: string; readonly responseHeader?: string };
    readonly rules?: readonly {
      /** Of the header `Host`, whose port does not matter. */
      readonly hosts?: readonly string[];
      readonly paths?: readonly { readonly value: string }[];
      readonly headers?: readonly { readonly name: string; readonly value?: string }[];
    }[];
    /** At least one of the two. */
    readonly scalingMetric:
      | { readonly concurrency: Concurrency; readonly requestRate?: RequestRate }
      | { readonly requestRate: RequestRate; readonly concurrency?: Concurrency };
  };
}

interface Concurrency {
  readonly targetValue?: number;
}
interface RequestRate {
  readonly targetValue?: number;
  readonly window?: string;
  readonly granularity?: string;
}
/** A Service, and one of `port` and `portName`. */
type Target = { readonly service: string } & (
  { readonly port: number; readonly portName?: never } | { readonly portName: string; readonly port?: never }
);
