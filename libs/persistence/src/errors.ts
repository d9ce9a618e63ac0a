import { CodedError, isCertificateRefused } from '@causeway/errors';
import { DatabaseUntrusted } from './session.js';

/** Whether a statement or transaction took effect that failed because the database was not available. */
export type WriteOutcome = 'not-applied' | 'unknown';

/** The database cannot be reached, or is starting or stopping. A full pool is `Overloaded` instead. */
export class DatabaseUnavailable extends CodedError {
  readonly code = 'DATABASE_UNAVAILABLE';
  readonly remedy = 'Try again in a few seconds. Operators find the cause in the log by the trace id.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 2;
  /** `unknown`: the connection broke after the commit was sent. Repeat the operation only if it is idempotent. */
  readonly outcome: WriteOutcome;

  constructor(options: ErrorOptions & { readonly outcome?: WriteOutcome; readonly detail?: string } = {}) {
    super(options.detail ?? 'the database is not available', options);
    this.outcome = options.outcome ?? 'not-applied';
  }
}

/** SQLSTATEs that mean the database is not available. */
const unavailableStates: ReadonlySet<string> = new Set([
  '25006', // read only: the server is a standby, or a primary that was demoted
  '25P03', // idle in transaction for too long; the session has ended
  '25P04', // transaction timeout; the session has ended
  '28000', // not authorized: a password is being rotated, or the role does not exist yet
  '28P01',
  '3D000', // the database does not exist yet
  '57014', // statement timeout; `explain` recognizes a deadline
  '57P01', // terminated by an administrator or a shutdown
  '57P02',
  '57P03', // starting, stopping or recovering
  '57P05',
  '58000', // system or I/O error of the server
  '58030',
]);
const unavailableClasses = ['08', '53'];
const systemCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const prismaCodes: ReadonlySet<string> = new Set(['P1001', 'P1002', 'P1003', 'P1008', 'P1017', 'P2024', 'P2037']);
/** `pg` and `pg-pool` give these errors no code. */
const driverMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool after calling end|Client has encountered a connection error|Client was closed|The server does not support SSL)/;
/** Kinds of `DriverAdapterError`, Prisma's own translation of `pg` errors. */
const adapterKinds: ReadonlySet<string> = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
]);

const noTlsOfServer = /^The server does not support SSL/;
/** PostgreSQL has no code of its own for it. */
const tlsWanted = /no pg_hba\.conf entry .*no encryption$/;

/**
 * Returns the error to end with when a server is not to be trusted, which waiting will not change, and undefined for any
 * other. To a request such a server is merely unavailable.
 */
export function mistrustOf(error: unknown): DatabaseUntrusted | undefined {
  for (const { code, message } of chain(error)) {
    const text = String(message);
    if (isCertificateRefused(code)) return new DatabaseUntrusted(`${text} (${String(code)})`, { cause: error });
    if (noTlsOfServer.test(text)) return new DatabaseUntrusted('the server offers no TLS', { cause: error });
    if (tlsWanted.test(text))
      return new DatabaseUntrusted('the server takes encrypted connections only', { cause: error });
  }
  return undefined;
}

/** States after which a connection must not return to the pool, even if it still works. */
const poisonedStates: ReadonlySet<string> = new Set(['25006']);

interface ErrorLike {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly kind?: unknown;
  readonly message?: unknown;
  readonly severity?: unknown;
  readonly cause?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
}

/** The error and its causes, outermost first. */
function* chain(error: unknown): Generator<ErrorLike> {
  let current: unknown = error;
  for (let depth = 0; depth < 6 && typeof current === 'object' && current !== null; depth++) {
    const link: ErrorLike = current;
    yield link;
    current = link.cause ?? link.meta?.driverAdapterError;
  }
}

/** Returns the SQLSTATE of an error of `pg` or Prisma, also from its causes; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  for (const { code, originalCode } of chain(error)) {
    for (const candidate of [originalCode, code]) {
      if (
        typeof candidate === 'string' &&
        /^[0-9A-Z]{5}$/.test(candidate) &&
        !/^(P[12]\d{3}|E[A-Z]{4})$/.test(candidate)
      ) {
        return candidate;
      }
    }
  }
  return undefined;
}

function isUnavailable(error: unknown): boolean {
  for (const { code, originalCode, kind, message } of chain(error)) {
    for (const candidate of [code, originalCode]) {
      if (typeof candidate !== 'string') continue;
      if (isCertificateRefused(candidate)) return true;
      if (systemCodes.has(candidate) || prismaCodes.has(candidate) || unavailableStates.has(candidate)) return true;
      if (/^[0-9A-Z]{5}$/.test(candidate) && unavailableClasses.includes(candidate.slice(0, 2))) return true;
    }
    if (typeof kind === 'string' && adapterKinds.has(kind)) return true;
    if (typeof message === 'string' && driverMessages.test(message)) return true;
  }
  return false;
}

/** Signs that a connection broke in use. Any other error was raised before the statement could take effect. */
const lostCodes: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  '08003',
  '08006',
  '08007',
  '25P03',
  '25P04',
  '57P01',
  '57P02',
  'P1008',
  'P1017',
]);
const lostMessages = /^(Connection terminated( unexpectedly)?$|Query read timeout)/;

function writeOutcomeOf(error: unknown): WriteOutcome {
  for (const { code, originalCode, kind, message } of chain(error)) {
    if (lostCodes.has(code) || lostCodes.has(originalCode)) return 'unknown';
    if (kind === 'ConnectionClosed' || kind === 'SocketTimeout') return 'unknown';
    if (typeof message === 'string' && lostMessages.test(message)) return 'unknown';
  }
  return 'not-applied';
}

/**
 * Turns errors of `pg` and Prisma that mean "the database is not available" into DatabaseUnavailable, and returns any
 * other error, such as a violated constraint, unchanged. An error of the pool, such as Overloaded, is taken out of the
 * one that Prisma made of it. Use it for errors of the database only: a refused connection to another server looks the
 * same.
 *
 * @param outcome What the caller knows. Default: `unknown` when a connection broke in use, else `not-applied`.
 */
export function translatePgError(error: unknown, outcome?: WriteOutcome): unknown {
  const ofOurs = (error as ErrorLike | undefined)?.meta?.driverAdapterError;
  if (ofOurs instanceof CodedError) return ofOurs;
  if (error instanceof CodedError || !isUnavailable(error)) return error;
  return new DatabaseUnavailable({ cause: error, outcome: outcome ?? writeOutcomeOf(error) });
}

/**
 * True when the connection that reported this error cannot be used again. Ordinary errors of statements leave it
 * usable.
 */
export function breaksConnection(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined) return true;
  const { severity } = error as ErrorLike;
  return severity === 'FATAL' || severity === 'PANIC' || poisonedStates.has(state) || state.startsWith('08');
}
