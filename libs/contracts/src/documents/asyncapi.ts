import { z } from 'zod';
import { dataSchemaOf, type MessageDefinition } from '../messages/define.js';
import { contact, license } from './texts.js';
import { consumers, messages, rpcs, streamOf } from '../messages/topology.js';

const nameOf = (subject: string): string => subject.replaceAll('.', '-');

const message = (definition: MessageDefinition) => ({
  name: definition.subject,
  title: definition.summary,
  contentType: 'application/cloudevents+json',
  'x-dataschema': dataSchemaOf(definition),
  payload: z.toJSONSchema(definition.data),
});

/**
 * Returns the AsyncAPI 3.0 document of all NATS traffic: events and commands on JetStream, request/reply on core NATS.
 */
export function asyncApiDocument(): Record<string, unknown> {
  const channels: Record<string, unknown> = {};
  const operations: Record<string, unknown> = {};
  for (const definition of messages) {
    const name = nameOf(definition.subject);
    channels[name] = {
      address: definition.subject,
      description: definition.summary,
      messages: { [name]: message(definition) },
      'x-stream': streamOf(definition.subject).name,
    };
    if (definition.kind === 'event')
      operations[`${definition.owner}-sends-${name}`] = { action: 'send', channel: { $ref: `#/channels/${name}` } };
  }
  for (const { service, message: handled } of consumers) {
    const name = nameOf(handled.subject);
    operations[`${service}-receives-${name}`] = { action: 'receive', channel: { $ref: `#/channels/${name}` } };
  }
  for (const { subject, owner, summary, request, response } of rpcs) {
    const name = nameOf(subject);
    channels[name] = {
      address: subject,
      description: summary,
      messages: { request: { payload: z.toJSONSchema(request) } },
    };
    // No address: each caller names an inbox of its own.
    channels[`${name}-reply`] = { messages: { response: { payload: z.toJSONSchema(response) } } };
    operations[`${owner}-answers-${name}`] = {
      action: 'receive',
      channel: { $ref: `#/channels/${name}` },
      reply: { channel: { $ref: `#/channels/${name}-reply` } },
    };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Causeway messages',
      version: '1.0.0',
      description:
        'All messages between the services on NATS. Events and commands are CloudEvents on JetStream, delivered at least once and in no guaranteed order. Requests and replies use core NATS.',
      contact,
      license,
    },
    defaultContentType: 'application/json',
    channels,
    operations,
  };
}
