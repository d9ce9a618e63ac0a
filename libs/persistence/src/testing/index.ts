export { InMemoryUnitOfWork } from './in-memory-unit-of-work.js';
