import { undeclared } from '@causeway/contracts/testing';
import { problemContentType, problemType, type ErrorCode, errorCodes } from '@causeway/errors';
import type { AttackAnswer, SentAttack } from './client.js';

/** What tells an attacker about the inside: stacks, paths, SQL, names of libraries. */
const leaks =
  /node_modules|\bat [\w.<>]+ \(|file:\/\/|\/dist\/|SQLSTATE|PrismaClient|syntax error at|violates .* constraint|ECONNREFUSED/;

/**
 * What is wrong with an answer, whatever was sent: no answer, a 5xx that the operation does not document, a status,
 * header, code or field that it does not document, a problem document that is not complete, or a look inside.
 */
export function complaintsOf(sent: SentAttack, answer: AttackAnswer): string[] {
  if (answer.status === 0) return [`no answer: ${answer.text}`];
  const complaints = isOidc(sent.path) ? oidcComplaints(answer) : apiComplaints(sent, answer);
  const [leak] = leaks.exec(answer.text) ?? [];
  return leak === undefined || isDocument(sent.path) ? complaints : [...complaints, `the answer shows ${leak}`];
}

const isOidc = (path: string): boolean => path.startsWith('/oidc/');
const isDocument = (path: string): boolean => path.startsWith('/openapi') || path.startsWith('/docs');

/** OAuth has its own errors, and browsers get pages. */
function oidcComplaints({ status, headers }: AttackAnswer): string[] {
  if (status >= 500 && status !== 501 && status !== 503) return [`status ${status}`];
  const type = headers['content-type'] ?? '';
  return status >= 400 && !/^(application\/(problem\+)?json|text\/html)/.test(type) ? [`an error as ${type}`] : [];
}

function apiComplaints(sent: SentAttack, answer: AttackAnswer): string[] {
  const { status } = answer;
  const complaints = status >= 400 ? problemComplaints(answer) : [];
  if (status >= 500 && ![501, 503, 504].includes(status)) complaints.push(`status ${status}`);
  if (complaints.length > 0) return complaints;
  const headers = new Headers(
    Object.entries(answer.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((each): [string, string] => [name, each]),
    ),
  );
  // An address that no HTTP client could parse is that of no operation.
  if (URL.parse(sent.path, 'http://127.0.0.1') === null) return [];
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  const response = { method: sent.method, url: sent.path, status, headers, text: isStream ? '' : answer.text };
  return undeclared(response);
}

/** Whether an error is a complete problem document: RFC 9457 with our members. An unreadable request has no trace. */
export function problemComplaints({ status, headers, text }: AttackAnswer): string[] {
  if (!headers['content-type']?.startsWith(problemContentType))
    return [`status ${status} with ${headers['content-type'] ?? 'no content type'} instead of a problem document`];
  if (text === '') return []; // to HEAD
  const problem = parsed(text);
  const code = problem['code'] as ErrorCode;
  const wanted = {
    type: code in errorCodes && problemType(code),
    title: errorCodes[code]?.title,
    status: errorCodes[code]?.status,
    traceId: headers['x-trace-id'],
  };
  return [
    ...Object.entries(wanted).flatMap(([name, value]) =>
      problem[name] === value ? [] : [`a problem document whose ${name} is ${JSON.stringify(problem[name])}`],
    ),
    ...(problem['status'] === status ? [] : [`status ${status}, but ${String(problem['status'])} in the document`]),
    ...(typeof problem['detail'] === 'string' && problem['detail'] !== '' ? [] : ['a problem document without detail']),
  ];
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** The error code of a problem document; empty for anything else. */
export const codeOf = ({ text }: AttackAnswer): string => {
  const { code } = parsed(text);
  return typeof code === 'string' ? code : '';
};

/** For messages: `POST /v1/orders {"items":…} → 500 INTERNAL`. */
export const inWords = ({ method, path, body }: SentAttack, answer: AttackAnswer): string =>
  `${method} ${short(path)}${body === undefined ? '' : ` ${short(body.toString())}`} → ${answer.status} ${codeOf(answer)}`;

const short = (text: string): string => {
  const shown = JSON.stringify(text).slice(1, -1);
  return shown.length > 160 ? `${shown.slice(0, 160)}…` : shown;
};
