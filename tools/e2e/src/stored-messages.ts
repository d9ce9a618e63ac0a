import { jetstreamManager } from '@nats-io/jetstream';
import type { Target } from './target.js';

export interface StoredText {
  readonly stream: string;
  readonly subject: string;
  readonly headers: string;
  readonly body: string;
}

/** Every message of every stream that the broker has. */
export async function storedMessages(system: Target): Promise<StoredText[]> {
  const nc = await system.connectNats('provisioner');
  try {
    const manager = await jetstreamManager(nc);
    const found: StoredText[] = [];
    for await (const { config, state } of manager.streams.list()) {
      const stream = config.name;
      for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
        const message = await manager.streams.getMessage(stream, { seq });
        if (!message) continue;
        const headers = JSON.stringify([...message.header]);
        found.push({ stream, subject: message.subject, headers, body: message.string() });
      }
    }
    return found;
  } finally {
    await nc.close();
  }
}
