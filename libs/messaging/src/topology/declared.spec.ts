import { consumers, streams } from '@causeway/contracts';
import { declareParcels } from '@causeway/contracts/testing';
import { consumerConfig, differences, streamConfig } from './declared.js';

declareParcels();

test('a stream is declared with limits retention, file storage and refusal of what does not fit', () => {
  const user = streams.find(({ name }) => name === 'USER')!;
  expect(streamConfig(user, 3)).toEqual({
    name: 'USER',
    subjects: ['user.evt.>'],
    retention: 'limits',
    storage: 'file',
    discard: 'new',
    max_age: 7 * 24 * 3_600 * 1e9,
    duplicate_window: 600 * 1e9,
    num_replicas: 3,
  });
});

test('a consumer uses nothing that nats-server 2.9 does not know', () => {
  for (const field of ['backoff', 'inactive_threshold', 'filter_subjects', 'metadata', 'priority_groups']) {
    for (const consumer of consumers) expect(consumerConfig(consumer)).not.toHaveProperty(field);
  }
});

test('only declared fields are compared, lists regardless of order', () => {
  const declared = { subjects: ['a', 'b'], max_age: 1, absent: undefined };
  expect(differences(declared, { subjects: ['b', 'a'], max_age: 1, other: 5 })).toEqual([]);
  expect(differences(declared, { subjects: ['a'], max_age: 2, absent: 'x' })).toEqual([
    { field: 'subjects', declared: ['a', 'b'], actual: ['a'] },
    { field: 'max_age', declared: 1, actual: 2 },
    { field: 'absent', declared: undefined, actual: 'x' },
  ]);
});
