import type { ContractRecord } from '@causeway/contracts/record';
import type { NatsPermissions } from '@causeway/system/topology';
import type { ContractFixture } from './fixture.js';

/** A service to check: what it promises, how it is started, and how to make preconditions. */
export interface SuiteTarget {
  readonly record: ContractRecord;
  /** For `/bin/sh`: `node apps/order/dist/main.js`. With ` migrate` behind it, it prepares the database and ends. */
  readonly command: string;
  readonly cwd: string;
  /** Settings of this service alone. */
  readonly settings: Readonly<Record<string, string>>;
  readonly fixture: ContractFixture;
  /** Whether it owns a database. Default true. */
  readonly database?: boolean;
  /** Whether it connects to NATS. Default true. */
  readonly broker?: boolean;
  /** What its account of the broker may do. Default: what follows from the record. */
  readonly permissions?: NatsPermissions;
}
