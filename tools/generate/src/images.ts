import { serviceNames, services } from '@causeway/system';
import { header, list, read, withParts, type GeneratedFile } from './generated-file.js';

const template = 'docker/Dockerfile.template';

/** One Dockerfile for each service, because that is where people look; and the list of all in `bake.hcl`. */
export function imageFiles(): GeneratedFile[] {
  const body = read(template);
  return [
    ...services.map(({ name, title }) => ({
      file: `docker/${name}.Dockerfile`,
      text: `${header(`${template} and ${list}`)}\n${body.replaceAll('{{name}}', name).replaceAll('{{title}}', title)}`,
    })),
    withParts('docker/bake.hcl', {
      services: `  matrix     = { app = [${[...serviceNames, 'cli'].map((name) => JSON.stringify(name)).join(', ')}] }`,
    }),
  ];
}
