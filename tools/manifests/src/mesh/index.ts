import type { Rendered } from '../objects.js';
import { consul } from './consul.js';
import { istio } from './istio.js';
import { linkerd } from './linkerd.js';
import type { Mesh } from './mesh.js';

export type { Authorized, Mesh } from './mesh.js';

export const meshes: readonly Mesh[] = [istio, linkerd, consul];

/** The mesh of an overlay, if it has one. */
export const meshOf = ({ components = [] }: Rendered): Mesh | undefined =>
  meshes.find(({ component }) => components.includes(component));
