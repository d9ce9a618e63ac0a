import type { Tree } from '@nx/devkit';
import { addDefinition, demandNextVersion, handlersOf, removeDefinition } from './contract.js';
import { fieldsOf, objectCode, objectSchema, usualFields } from './fields.js';
import { removeFile, writeFile } from './files.js';
import { codeOf, objectSample } from './json.js';
import { spell, type Spellings } from './names.js';
import { publish, schemaOf, unpublish } from './published.js';
import { addToReadme, removeFromReadme } from './readme.js';
import { demandBroker, demandDatabase, foldersOf, serviceEntry } from './service.js';
import { constantOf, subjectOf, type Subject } from './subject.js';

export interface EventOptions {
  /** Who publishes it. */
  readonly service: string;
  /** `order.evt.shipped.v1`; a later version beside the earlier one. */
  readonly subject: string;
  /** What happened, in a sentence. Default: the words of the subject. */
  readonly summary?: string;
  /** `name:type`, see `fieldTypes`. Default: an id and the time. */
  readonly field?: readonly string[];
}

/**
 * A new event: its contract and a function that publishes it in a transaction, with a test.
 * @throws when the subject breaks the convention, belongs to another service or is defined, or the service has no outbox
 */
export async function addEvent(tree: Tree, options: EventOptions): Promise<void> {
  const { service, summary } = options;
  const entry = serviceEntry(tree, service);
  const subject = subjectOf(options.subject, 'evt');
  demandOwner(subject, service);
  demandBroker(entry, 'An event');
  demandDatabase(entry, 'An event', 'because it is published with the change it tells of, through the outbox');
  demandNextVersion(tree, subject);
  const fields = fieldsOf(options.field?.length ? options.field : usualFields(service, subject.what, 'occurredAt'));
  const key = fields.find(({ type, optional }) => type === 'id' && !optional)?.name;
  if (key === undefined) throw new Error(`${subject.text} needs a field of the type id: what it is about.`);

  await addDefinition(tree, {
    subject,
    summary: summary ?? spell(subject.what).title,
    schemas: [`z.object(${objectCode(fields)})`],
    fields,
  });
  const message = schemaOf(objectSchema(fields), 'output');
  publish(tree, subject.text, { schemas: { message } });
  await addToReadme(tree, service, 'Publishes', subject.text);
  const { file, spec, name } = publisherOf(tree, service, subject);
  const values = {
    constant: constantOf(subject),
    subject: subject.text,
    key,
    name,
    sample: codeOf(objectSample(message)),
  };
  await writeFile(tree, file, 'publisher', values);
  await writeFile(tree, spec, 'publisher-spec', values);
}

/** @throws when a service handles the event */
export async function removeEvent(tree: Tree, { service, subject: text }: EventOptions): Promise<void> {
  const subject = subjectOf(text, 'evt');
  const handlers = handlersOf(tree, subject, constantOf(subject));
  if (handlers.length > 0) throw new Error(`${text} stays: ${handlers.join(', ')} handles it.`);
  const { file, spec } = publisherOf(tree, service, subject);
  removeFile(tree, file);
  removeFile(tree, spec);
  await removeFromReadme(tree, service, 'Publishes', text);
  await removeDefinition(tree, subject);
  unpublish(tree, text);
}

/** The function that publishes an event, and where it is. */
export function publisherOf(
  tree: Tree,
  service: string,
  subject: Subject,
): { readonly file: string; readonly spec: string; readonly name: Spellings } {
  const feature = spell(`${subject.what}${subject.version > 1 ? `-v${subject.version}` : ''}`).kebab;
  const name = spell(`publish-${feature}`);
  const folder = foldersOf(serviceEntry(tree, service), feature).useCase;
  return { file: `${folder}/${name.kebab}.ts`, spec: `${folder}/${name.kebab}.spec.ts`, name };
}

/** @throws when a subject names another service as its owner */
export function demandOwner(subject: Subject, service: string): void {
  if (subject.owner === service) return;
  throw new Error(
    `${subject.text} belongs to ${subject.owner}, not to ${service}: the first part of a subject is its owner.`,
  );
}
