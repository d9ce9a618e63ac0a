export { callGraph, optionalFlows, outsideByPort, type Flow } from './call-graph.js';
export { natsPasswords, natsServerConfig, type NatsServerConfigOptions } from './nats-config.js';
export { natsPermissions, type NatsPermissions } from './nats-permissions.js';
