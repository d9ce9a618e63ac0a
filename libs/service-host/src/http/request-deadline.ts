import { RouteConfig } from '@nestjs/platform-fastify';

/**
 * Replaces `REQUEST_DEADLINE_MS` for one route; it caps the deadline that a caller asks for.
 * @param ms Milliseconds, or `none` for an endless response, such as an event stream.
 */
export const RequestDeadline = (ms: number | 'none'): MethodDecorator =>
  RouteConfig({ deadlineMs: ms }) as MethodDecorator;
