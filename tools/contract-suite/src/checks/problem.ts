import { expectEqual, expectThat } from '../broken.js';
import type { HttpAnswer } from '../http.js';
import type { ContractOperation } from '../requests.js';

export interface ExpectedProblem {
  readonly status: number;
  /** One of them, where several are right. */
  readonly code: string | readonly string[];
  /** JSON pointer that `errors` must name. */
  readonly pointer?: string;
}

interface ProblemDocument {
  readonly type?: unknown;
  readonly title?: unknown;
  readonly status?: unknown;
  readonly detail?: unknown;
  readonly code?: unknown;
  readonly errors?: readonly { readonly path?: unknown; readonly message?: unknown }[];
  readonly traceId?: unknown;
}

/**
 * A complete problem document (RFC 9457) with the right status and code.
 * @param operation Its record must declare the code with this status. Absent for answers of no operation.
 * @param about What was sent, for the message.
 */
export function expectProblem(
  answer: HttpAnswer,
  operation: ContractOperation | undefined,
  wanted: ExpectedProblem,
  about: string,
): void {
  const { status, headers, body, text } = answer;
  const shown = `${about}: ${status} ${text.slice(0, 300)}`;
  expectEqual(status, wanted.status, `status of ${shown}\n   `);
  expectThat(
    /^application\/problem\+json(;|$)/.test(headers['content-type'] ?? ''),
    () => `content type of ${shown}: expected application/problem+json, got ${headers['content-type'] ?? 'none'}`,
  );
  const problem = (body ?? {}) as ProblemDocument;
  const code = String(problem.code);
  expectThat(
    [wanted.code].flat().includes(code),
    () => `code of ${shown}: expected ${[wanted.code].flat().join(' or ')}`,
  );
  const urn = new RegExp(`^urn:[a-z0-9-]+:problem:${code.toLowerCase().replaceAll('_', '-')}$`);
  expectThat(urn.test(String(problem.type)), () => `type of ${shown}: expected urn:causeway:problem:<code>`);
  expectEqual(problem.status, status, `member status of ${shown}\n   `);
  for (const member of ['title', 'detail'] as const)
    expectThat(typeof problem[member] === 'string' && problem[member] !== '', () => `${member} of ${shown}: missing`);
  const traceId = headers['x-trace-id'];
  expectThat(/^[0-9a-f]{32}$/.test(traceId ?? ''), () => `x-trace-id of ${shown}: missing`);
  expectEqual(problem.traceId, traceId, `member traceId of ${shown}\n   `);
  if (wanted.pointer !== undefined) expectPointer(problem, wanted.pointer, shown);
  const declared = operation?.contract.errors;
  if (declared)
    expectThat(
      declared[code] === status,
      () => `${shown}: the record declares no ${code} with ${status} for ${operation.id}`,
    );
}

function expectPointer({ errors }: ProblemDocument, pointer: string, shown: string): void {
  const named = (errors ?? []).map(({ path }) => path);
  expectThat(
    named.includes(pointer),
    () => `errors of ${shown}: expected one for "${pointer}", got ${JSON.stringify(named)}`,
  );
  expectThat(
    (errors ?? []).every(({ message }) => typeof message === 'string' && message !== ''),
    () => `errors of ${shown}: each needs a message`,
  );
}
