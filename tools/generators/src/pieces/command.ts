import type { Tree } from '@nx/devkit';
import { edit } from '../edit/file.js';
import { insert, remove } from '../edit/list.js';
import { hasProperty, propertyOf } from '../edit/source.js';
import { addConsumer, removeConsumer } from './consumer.js';
import { addDefinition, demandNextVersion, removeDefinition } from './contract.js';
import { demandOwner } from './event.js';
import { fieldsOf, objectCode, objectSchema, usualFields } from './fields.js';
import { spell } from './names.js';
import { publish, schemaOf, unpublish } from './published.js';
import { demandBroker, demandDatabase, entryNode, serviceEntry, servicesFile } from './service.js';
import { subjectOf } from './subject.js';

export interface NewCommandOptions {
  /** Who handles it: the owner of the subject. */
  readonly service: string;
  /** `payment.cmd.remind.v1` */
  readonly subject: string;
  /** Of the migration that makes its table. */
  readonly timestamp: string;
  /** What to do, in a sentence. Default: the words of the subject. */
  readonly summary?: string;
  /** `name:type`, see `fieldTypes`. Default: an id and the time. */
  readonly field?: readonly string[];
  /** A service that sends it: the broker lets it. */
  readonly from?: string;
  /** An event of the service that follows from it, in the same transaction. */
  readonly publishes?: string;
}

/** A new command: its contract, and its handler at its owner, as a consumer has it. */
export async function addCommand(tree: Tree, options: NewCommandOptions): Promise<void> {
  const { service, timestamp, from, publishes } = options;
  const entry = serviceEntry(tree, service);
  const subject = subjectOf(options.subject, 'cmd');
  demandOwner(subject, service);
  demandBroker(entry, 'A command');
  demandDatabase(entry, 'A command', 'because its inbox is what makes it take effect once');
  if (from !== undefined) {
    const sender = serviceEntry(tree, from);
    demandBroker(sender, 'To send a command');
    demandDatabase(sender, 'To send a command', 'because commands leave through the outbox');
  }
  demandNextVersion(tree, subject);
  const fields = fieldsOf(options.field?.length ? options.field : usualFields(service, subject.what, 'requestedAt'));
  if (!fields.some(({ type, optional }) => type === 'id' && !optional))
    throw new Error(`${subject.text} needs a field of the type id: what it is about.`);

  await addDefinition(tree, {
    subject,
    summary: options.summary ?? spell(subject.what).title,
    schemas: [`z.object(${objectCode(fields)})`],
    fields,
  });
  publish(tree, subject.text, { schemas: { message: schemaOf(objectSchema(fields), 'output') } });
  await addConsumer(tree, { service, subject: subject.text, timestamp, ...(publishes && { publishes }) });
  if (from !== undefined) await addSent(tree, from, subject.text);
}

export async function removeCommand(tree: Tree, options: NewCommandOptions): Promise<void> {
  const { service, subject: text, timestamp, from } = options;
  if (from !== undefined) await removeSent(tree, from, text);
  await removeConsumer(tree, { service, subject: text, timestamp });
  await removeDefinition(tree, subjectOf(text, 'cmd'));
  unpublish(tree, text);
}

/** A service sends a command or calls an RPC from now on: the broker lets it. */
export async function addSent(tree: Tree, service: string, subject: string): Promise<void> {
  await edit(tree, servicesFile, (text) => {
    const entry = entryNode(text, service);
    return hasProperty(entry, 'sends')
      ? insert(propertyOf(entry, 'sends'), `'${subject}'`)
      : insert(entry, `sends: ['${subject}']`);
  });
}

export async function removeSent(tree: Tree, service: string, subject: string): Promise<void> {
  await edit(tree, servicesFile, (text) => {
    const entry = entryNode(text, service);
    const sends = propertyOf(entry, 'sends');
    const isLast = sends.getText().replaceAll(/[\s[\],]/g, '') === `'${subject}'`;
    return isLast ? remove(entry, 'sends') : remove(sends, `'${subject}'`);
  });
}
