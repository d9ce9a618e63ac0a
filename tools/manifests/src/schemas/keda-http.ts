import type { IConfigMap } from 'kubernetes-models/v1';

/**
 * Of the KEDA HTTP add-on 0.13 (operator/apis/http/v1alpha1/httpscaledobject_types.go in kedacore/http-add-on), for
 * which there is no package of types. Durations are texts: `20s`.
 */
export interface IHTTPScaledObject {
  readonly apiVersion: 'http.keda.sh/v1alpha1';
  readonly kind: 'HTTPScaledObject';
  readonly metadata?: IConfigMap['metadata'];
  readonly spec: {
    /** Of the header `Host`, whose port does not matter. */
    readonly hosts?: readonly string[];
    readonly pathPrefixes?: readonly string[];
    readonly headers?: readonly { readonly name: string; readonly value?: string }[];
    readonly scaleTargetRef: Target & { readonly name?: string; readonly apiVersion?: string; readonly kind?: string };
    readonly coldStartTimeoutFailoverRef?: Target & { readonly timeoutSeconds?: number };
    readonly replicas?: { readonly min?: number; readonly max?: number };
    /** Seconds without a request before the last pod ends. Default 300. */
    readonly scaledownPeriod?: number;
    readonly initialCooldownPeriod?: number;
    readonly scalingMetric?:
      | { readonly concurrency: { readonly targetValue?: number } }
      | {
          readonly requestRate: {
            readonly targetValue?: number;
            readonly window?: string;
            readonly granularity?: string;
          };
        };
    readonly timeouts?: { readonly conditionWait?: string; readonly responseHeader?: string };
  };
}

/** Where requests go: one of `port` and `portName`. */
type Target = { readonly service: string } & (
  { readonly port: number; readonly portName?: never } | { readonly portName: string; readonly port?: never }
);
