export { certificateFor, hasOpenssl, withOpenssl, type TestCertificate } from './certificate.js';
export { allowedBeyondRights } from './beyond-rights.js';
export { claimPort } from '@causeway/launcher/ports';
export { createDatabase, type TestDatabase } from './database.js';
export { startDns, type DnsMood, type DnsQuestion, type DnsRecord, type TestDns } from './dns.js';
export { codesIn, tableUnder, type TableRow } from './markdown-table.js';
export { startNats, type TestNats, type TestNatsOptions } from './nats.js';
export { startPostgres, type TestPostgres } from './postgres.js';
