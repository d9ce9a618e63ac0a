import type { IJob } from 'kubernetes-models/batch/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IConfigMap, IContainer, IResourceQuota } from 'kubernetes-models/v1';
import type { Body, Deployment, Rendered } from '../objects.js';

/** A copy of the objects of an overlay, in which tests plant violations. */
export class Copy {
  readonly rendered: Rendered;
  constructor(rendered: Rendered) {
    this.rendered = structuredClone(rendered);
  }
  /** Returns the first object of a kind whose name begins with `name`. */
  find<T>(kind: string, name = ''): T & Body {
    const found = this.rendered.manifests.find(({ body }) => body.kind === kind && body.metadata.name.startsWith(name));
    if (!found) throw new Error(`no ${kind} ${name}`);
    return found.body as T & Body;
  }
  deployment = (name: string) => this.find<Deployment>('Deployment', name);
  pod = (name: string) => this.deployment(name).spec!.template.spec!;
  container = (name: string): IContainer => this.pod(name).containers[0]!;
  config = (name: string) => this.find<IConfigMap>('ConfigMap', `${name}-`).data!;
  job = (name: string) => this.find<IJob>('Job', name).spec!;
  quota = (name: string) => this.find<IResourceQuota>('ResourceQuota', name).spec!;
  policy = (name: string) => this.find<INetworkPolicy>('NetworkPolicy', name).spec!;
  remove(kind: string, name: string): void {
    const list = this.rendered.manifests as Rendered['manifests'][number][];
    list.splice(
      list.findIndex(({ body }) => body.kind === kind && body.metadata.name === name),
      1,
    );
  }
  add(body: Body): void {
    (this.rendered.manifests as { file: string; body: Body }[]).push({ file: 'k8s/planted.yaml', body });
  }
}

export const object = (kind: string, name: string, rest: object = {}): Body => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'causeway' },
  ...rest,
});
