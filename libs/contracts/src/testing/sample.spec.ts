import { z } from 'zod';
import { messages, rpcs } from '../index.js';
import { sampleOf } from './sample.js';

test.each(messages.map((message) => [message.subject, message] as const))('%s has a sample', (_, { data }) => {
  expect(data.safeParse(sampleOf(data)).success).toBe(true);
});

test.each(rpcs.map((rpc) => [rpc.subject, rpc] as const))('%s has one of its request and its response', (_, rpc) => {
  for (const schema of [rpc.request, rpc.response]) expect(schema.safeParse(sampleOf(schema)).success).toBe(true);
});

test('ids are new each time, and fields that are given stay', () => {
  const schema = z.object({ id: z.uuid(), count: z.int().min(3) });
  expect(sampleOf(schema).id).not.toBe(sampleOf(schema).id);
  expect(sampleOf(schema, { count: 7 }).count).toBe(7);
});

test('what no sample is known for is refused', () => {
  expect(() => sampleOf(z.object({ code: z.string().regex(/^X\d$/) }))).toThrow();
});
