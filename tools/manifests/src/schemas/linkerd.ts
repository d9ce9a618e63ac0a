/**
 * Linkerd's objects that we use, as strict as the API server and no wider. Written by hand from the CRDs of Linkerd 2.20
 * (github.com/linkerd/linkerd2, tag version-2.20, charts/linkerd-crds/templates/policy): there is no package of types.
 */
import type { Labels } from '../objects.js';

interface LinkerdObject<Kind extends string, Version extends string, Spec> {
  readonly apiVersion: `policy.linkerd.io/${Version}`;
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
  };
  readonly spec: Spec;
}

interface Reference {
  /** The core API group where it is left out. */
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
}

/** A port of pods that policies can refer to. */
export type IServer = LinkerdObject<
  'Server',
  'v1beta3',
  {
    readonly podSelector: { readonly matchLabels: Labels };
    /** Number, or name of a container's port. */
    readonly port: number | string;
    /** `opaque`: TCP, whose first bytes are not looked at. Default `unknown`: they are. */
    readonly proxyProtocol?: 'unknown' | 'HTTP/1' | 'HTTP/2' | 'gRPC' | 'opaque' | 'TLS';
    /** For whom no policy lets in. Default `deny`. */
    readonly accessPolicy?:
      | 'all-unauthenticated'
      | 'all-authenticated'
      | 'cluster-unauthenticated'
      | 'cluster-authenticated'
      | 'deny'
      | 'audit';
  }
>;

/** Lets in who satisfies all of the authentications. */
export type IAuthorizationPolicy = LinkerdObject<
  'AuthorizationPolicy',
  'v1alpha1',
  {
    readonly targetRef: Reference;
    readonly requiredAuthenticationRefs: readonly (Reference & { readonly namespace?: string })[];
  }
>;

/** Satisfied by any of these identities. */
export type IMeshTLSAuthentication = LinkerdObject<
  'MeshTLSAuthentication',
  'v1alpha1',
  | { readonly identities: readonly string[] }
  | {
      readonly identityRefs: readonly {
        readonly group?: string;
        readonly kind: string;
        readonly name?: string;
        readonly namespace?: string;
      }[];
    }
>;

/** Satisfied by any of these networks. */
export type INetworkAuthentication = LinkerdObject<
  'NetworkAuthentication',
  'v1alpha1',
  { readonly networks: readonly { readonly cidr: string; readonly except?: readonly string[] }[] }
>;
