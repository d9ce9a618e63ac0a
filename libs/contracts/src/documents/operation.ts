import { errorCodes, problemContentType, type ErrorCode } from '@causeway/errors';
import { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { peopleScopes, scopesOf } from '../http/headers.js';
import { statusesOf } from '../http/route-errors.js';
import { pathParametersOf, pathSchemaOf, scopesOfRoute, type RouteDefinition } from '../http/routes.js';
import { bodyExamples } from './examples.js';
import { headersOfProblem, headersOfSuccess, parametersOf, referTo } from './headers.js';
import { descriptions, pathParameters, tagOf } from './texts.js';

const problem = z
  .object({
    type: z.string().meta({ description: 'URN of the error code' }),
    title: z.string().meta({ description: 'Short meaning of the code; the same text every time' }),
    status: z.int().meta({ description: 'HTTP status code' }),
    detail: z.string().meta({ description: 'What went wrong with this request' }),
    code: z.string().meta({ description: 'Stable error code to branch on; docs/errors.md explains each one' }),
    remedy: z.string().optional().meta({ description: 'What you can do about it' }),
    errors: z
      .array(
        z.object({
          path: z.string().meta({ description: 'JSON pointer to the invalid field; empty for the whole document' }),
          message: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'Every invalid field of the request' }),
    traceId: z.string().optional().meta({ description: 'Trace id of the request, as in `x-trace-id`' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

/** A token from a flow that can grant one of the scopes, or one the caller already has. */
function securityOf(route: RouteDefinition): Record<string, string[]>[] {
  const needed = scopesOfRoute(route);
  if (needed.length === 0) return [];
  return [
    ...needed.filter((scope) => peopleScopes.includes(scope)).map((scope) => ({ oidc: [scope] })),
    ...needed.filter((scope) => scopesOf.machines.includes(scope)).map((scope) => ({ machine: [scope] })),
    { bearer: [] },
  ];
}

function pathParameterSchemas(path: string): z.ZodObject {
  const { shape } = pathSchemaOf(path);
  return z.object(
    Object.fromEntries(
      pathParametersOf(path).map((name) => [name, (shape[name] as z.ZodType).meta(pathParameters[name] ?? {})]),
    ),
  );
}

const examplesOf = (codes: readonly ErrorCode[]) =>
  Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));

const problemResponse = (route: RouteDefinition, status: number, codes: readonly ErrorCode[]) => ({
  description: codes.map((code) => `\`${code}\`: ${errorCodes[code].title}`).join('\n\n'),
  headers: referTo(headersOfProblem(status, route)),
  content: { [problemContentType]: { schema: problem, examples: examplesOf(codes) } },
});

/** Returns the OpenAPI description of an operation: its parameters, body and responses. */
export function operationOf(route: RouteDefinition): ZodOpenApiOperationObject {
  const { operationId, summary, path, query, body, success } = route;
  const { request, response } = bodyExamples[operationId] ?? {};
  const description = descriptions[operationId];
  return {
    operationId,
    summary,
    ...(description !== undefined && { description }),
    tags: [tagOf(path)],
    security: securityOf(route),
    parameters: parametersOf(route),
    requestParams: { path: pathParameterSchemas(path), ...(query && { query }) },
    ...(body && {
      requestBody: {
        required: !body.safeParse({}).success,
        content: { 'application/json': { schema: body, example: request } },
      },
    }),
    responses: {
      [success.status]: {
        description: success.description,
        headers: referTo(headersOfSuccess(route)),
        ...(success.body && {
          content: { [success.mediaType ?? 'application/json']: { schema: success.body, example: response } },
        }),
      },
      ...Object.fromEntries(
        [...statusesOf(route)].map(([status, codes]) => [status, problemResponse(route, status, codes)]),
      ),
    },
  } as ZodOpenApiOperationObject;
}
