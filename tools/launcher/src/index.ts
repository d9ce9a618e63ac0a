export { AlreadyRunning } from './folder-lock.js';
export { natsBinary, startNats, type NatsOptions, type NatsServer } from './nats.js';
export { startPostgres, type PostgresOptions, type PostgresServer } from './postgres.js';
export type { Secrets } from './secrets.js';
export { ServiceInstance } from './service-instance.js';
export { claimPort } from './ports.js';
export type { SystemOptions } from './running.js';
export { startSystem, type System } from './system.js';
