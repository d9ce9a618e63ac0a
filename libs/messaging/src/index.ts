export { natsSettings, type NatsSettings } from './settings.js';
export { connectNats, type ConnectOptions } from './connection.js';
export { BrokerHealth } from './health.js';
export {
  BrokerUnavailable,
  HandlerTimeout,
  MessageInvalid,
  MessageMalformed,
  MessageUnhandled,
  RemoteError,
  RetryLater,
  TopologyConflict,
} from './errors.js';
export { ensureTopology, provision, type Change, type Topology } from './topology/provision.js';
export { provisionTopology } from './topology/provision-command.js';
export type { FieldChange } from './topology/declared.js';
export { messagingMigrations } from './migrations.js';
export { buildEnvelope, draftEnvelope, parseEnvelope, type EnvelopeParts } from './envelope.js';
export { Outbox, type OutboxPort } from './outbox/outbox.js';
export { OutboxRelay, type RelayOptions } from './outbox/relay.js';
export type { Message } from './consume/message.js';
export { consumerLimits } from './consume/limits.js';
export { discardDeadLetter, listDeadLetters, replayDeadLetter, type DeadLetter } from './consume/dead-letters.js';
export { RpcClient, type RpcOptions, type RpcPort } from './rpc/client.js';
export { Handles, HandlesRpc } from './nest/handles.js';
export { JetStreamServer } from './nest/jetstream-server.js';
export { JETSTREAM, jetStreamServer, MessagingModule, NATS, type MessagingOptions } from './nest/messaging.module.js';
