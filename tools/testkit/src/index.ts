export { createDatabase, type TestDatabase } from './database.js';
export { startNats, type TestNats } from './nats.js';
export { startPostgres, type TestPostgres } from './postgres.js';
