import { messages, rpcs } from '../index.js';
import { asyncApiDocument } from './index.js';

test('the AsyncAPI document contains every message and every RPC', () => {
  const { channels } = asyncApiDocument() as { channels: Record<string, { address?: string }> };
  const addresses = Object.values(channels).map(({ address }) => address);
  expect(addresses).toEqual(expect.arrayContaining([...messages, ...rpcs].map(({ subject }) => subject)));
});
