/**
 * Consul's objects that we use, as strict as the API server and no wider. Written by hand from the CRDs of consul-k8s 2.0.3
 * (github.com/hashicorp/consul-k8s, tag v2.0.3, charts/consul/templates/crd-*.yaml): there is no package of types.
 */
import type { Labels } from '../objects.js';

interface ConsulObject<Kind extends string, Spec> {
  readonly apiVersion: 'consul.hashicorp.com/v1alpha1';
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
  };
  readonly spec: Spec;
}

/** Who may call a service. `*` is every service; the most exact name counts. */
export type IServiceIntentions = ConsulObject<
  'ServiceIntentions',
  {
    readonly destination: { readonly name: string };
    readonly sources: readonly {
      readonly name: string;
      /** Instead of `permissions`, which need HTTP. */
      readonly action?: 'allow' | 'deny';
      readonly permissions?: readonly object[];
    }[];
  }
>;

interface Upstream {
  readonly passiveHealthCheck?: { readonly maxFailures?: number; readonly interval?: string };
}

/** How a service is reached. */
export type IServiceDefaults = ConsulObject<
  'ServiceDefaults',
  {
    readonly protocol?: 'tcp' | 'http' | 'http2' | 'grpc';
    /** Default `strict`. */
    readonly mutualTLSMode?: 'strict' | 'permissive';
    readonly transparentProxy?: { readonly dialedDirectly?: boolean; readonly outboundListenerPort?: number };
    readonly localRequestTimeoutMs?: number;
    readonly upstreamConfig?: {
      readonly defaults?: Upstream;
      readonly overrides?: readonly (Upstream & { readonly name: string })[];
    };
  }
>;
