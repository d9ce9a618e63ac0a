import type { Tree } from '@nx/devkit';
import { demandDefined } from './contract.js';
import { publisherOf } from './event.js';
import { kindOf } from './json.js';
import { publishedContract } from './published.js';
import type { RouteResource } from './resource.js';
import type { OperationChoice } from './route-code.js';
import { subjectOf } from './subject.js';

/** How an event is filled from the thing that was made. @throws when a field of it follows from nothing */
export function eventOf(tree: Tree, resource: RouteResource, text: string): NonNullable<OperationChoice['publishes']> {
  const { service, thing, parents } = resource;
  const subject = subjectOf(text, 'evt');
  if (subject.owner !== service.name)
    throw new Error(`${service.name} cannot publish ${text}: it belongs to ${subject.owner}.`);
  demandDefined(tree, subject);
  const { file, name } = publisherOf(tree, service.name, subject);
  if (!tree.exists(file)) throw new Error(`${text} has no ${file} that publishes it. Make the event with new event.`);
  const { properties = {}, required = [] } = publishedContract(tree, text).schemas['message'] ?? {};
  const values = Object.entries(properties)
    .filter(([field]) => required.includes(field))
    .map(([field, schema]) => {
      if (field === `${thing.camel}Id`) return `${field}: ${thing.camel}.id`;
      if (parents.includes(field)) return `${field}: place.${field}`;
      const other = { uuid: `${thing.camel}.ownerId`, timestamp: `${thing.camel}.createdAt` }[
        kindOf(schema) as 'uuid' | 'timestamp'
      ];
      return `${field}: ${other ?? `${thing.camel}.${field}`}`;
    });
  return { name: name.camel, file, data: `{ ${values.join(', ')} }` };
}
