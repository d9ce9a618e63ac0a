import { Document } from 'yaml';
import { header, list, type GeneratedFile } from '../generated-file.js';
import { consul } from './consul.js';
import { istio } from './istio.js';
import { linkerd } from './linkerd.js';

const components = { 'mesh-istio': istio, 'mesh-linkerd': linkerd, 'mesh-consul': consul };

/** What the components of the meshes have of the call graph. The rest of them is written by hand. */
export const meshFiles = (): GeneratedFile[] =>
  Object.entries(components).flatMap(([component, files]) =>
    Object.entries(files()).map(([name, objects]) => ({
      file: `k8s/components/${component}/${name}`,
      text: `${header(list)}\n${objects.map(yaml).join('---\n')}`,
    })),
  );

const yaml = (object: object): string =>
  new Document(object, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 });
