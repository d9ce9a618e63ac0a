export { FakeOutbox } from './fake-outbox.js';
export { FakeRpc } from './fake-rpc.js';
export { messageOf } from './message.js';
export { outboxContract, type OutboxUnderTest } from './outbox-contract.js';
export { rpcContract, type RpcUnderTest } from './rpc-contract.js';
export { sealedKeyPair } from './sealed-key-pair.js';
