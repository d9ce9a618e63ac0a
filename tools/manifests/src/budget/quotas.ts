import type { IPodSpec, IResourceQuota } from 'kubernetes-models/v1';
import { ofKind, type Manifest, type Rendered } from '../objects.js';
import { thousandths } from '../quantity.js';
import { claimsOf, type Claim } from './claims.js';

export type Quota = Manifest<IResourceQuota>;

/** One line of a quota, and everything that counts against it. */
export interface Line {
  readonly quota: Quota;
  /** `requests.memory` */
  readonly resource: string;
  /** In thousandths. */
  readonly allowed: number;
  readonly asked: number;
  /** Who asks for something, with its share. */
  readonly by: readonly { readonly claim: Claim; readonly amount: number }[];
}

/** The scopes that we use. {@link unknownIn} names others. */
const scopes: Readonly<Record<string, (spec: IPodSpec) => boolean>> = {
  Terminating: (spec) => spec.activeDeadlineSeconds !== undefined,
  NotTerminating: (spec) => spec.activeDeadlineSeconds === undefined,
};
const known = /^(pods|(requests|limits)\.(cpu|memory)|requests\.storage|services\.(nodeports|loadbalancers))$/;

export const scopesOf = ({ body }: Quota): readonly string[] => body.spec?.scopes ?? [];

/** What this check cannot count in a quota: lines and scopes. */
export const unknownIn = ({ body }: Quota): string[] => [
  ...Object.keys(body.spec?.hard ?? {}).filter((resource) => !known.test(resource)),
  ...(body.spec?.scopes ?? []).filter((scope) => !(scope in scopes)),
  ...(body.spec?.scopeSelector ? ['scopeSelector'] : []),
];

/** Returns what is asked for together and what is allowed, for each line of each quota. */
export function linesOf(rendered: Rendered): Line[] {
  const claims = claimsOf(rendered);
  return ofKind<IResourceQuota>(rendered, 'ResourceQuota').flatMap((quota) =>
    Object.entries(quota.body.spec?.hard ?? {}).map(([resource, hard]) => {
      const by = claims
        .filter((claim) => counts(quota, claim))
        .map((claim) => ({ claim, amount: claim.amounts[resource] ?? 0 }))
        .filter(({ amount }) => amount > 0);
      const asked = by.reduce((all, { amount }) => all + amount, 0);
      return { quota, resource, allowed: thousandths(hard), asked, by };
    }),
  );
}

/** Whether a quota counts a claim: one with scopes counts pods only, and those that are in all of them. */
export const counts = (quota: Quota, { pods }: Claim): boolean =>
  scopesOf(quota).every((scope) => pods !== undefined && scopes[scope]?.(pods.spec) === true);
