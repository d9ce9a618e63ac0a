import { messages } from '@causeway/contracts';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { breaks, type Schema } from './compatibility.js';
import { root } from './repository.js';

const file = join(root, 'libs/contracts/published.json');
const current = Object.fromEntries(messages.map(({ subject, data }) => [subject, z.toJSONSchema(data) as Schema]));

describe('published messages', () => {
  // `UPDATE_PUBLISHED=1 npm test -- compatibility` records new messages and compatible changes; it is part of the change that makes them.
  if (process.env['UPDATE_PUBLISHED']) writeFileSync(file, `${JSON.stringify(current, null, 2)}\n`);
  const published = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Schema>;

  test.each(Object.keys(published))('%s stays compatible with what is published', (subject) => {
    const next = current[subject];
    expect(
      next ? breaks(published[subject]!, next) : ['the message was removed: keep it until no stream holds it'],
    ).toEqual([]);
  });

  test('every message is recorded as it is now', () => expect(published).toEqual(current));
});

describe('a planted break is reported', () => {
  const before: Schema = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      lines: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } },
    },
    required: ['id'],
  };
  test.each<[string, Schema, string]>([
    ['a removed field', { ...before, properties: { id: { type: 'string' } } }, '/lines: was removed'],
    [
      'a new required field',
      { ...before, required: ['id', 'lines'] },
      '/lines: is required now; messages in the stream lack it',
    ],
    [
      'a field not required any more',
      { ...before, required: [] },
      '/id: is not required any more; old consumers need it',
    ],
    [
      'another type',
      { ...before, properties: { ...before.properties, id: { type: 'integer' } } },
      '/id: type was "string" and is "integer"',
    ],
    [
      'another type deep inside',
      {
        ...before,
        properties: {
          ...before.properties,
          lines: { type: 'array', items: { type: 'object', properties: { n: { type: 'string' } }, required: ['n'] } },
        },
      },
      '/lines/*/n: type was "integer" and is "string"',
    ],
  ])('%s', (_, next, expected) => expect(breaks(before, next)).toEqual([expected]));

  test('a new optional field is compatible', () => {
    expect(breaks(before, { ...before, properties: { ...before.properties, note: { type: 'string' } } })).toEqual([]);
  });
});
