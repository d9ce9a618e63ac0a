import { RouteConfig } from '@nestjs/platform-fastify';

/**
 * Gives one route another deadline than `REQUEST_DEADLINE_MS`; what a caller asks for is capped by it.
 * @param ms Milliseconds, or `none` for an answer that has no end, such as an event stream.
 */
export const RequestDeadline = (ms: number | 'none'): MethodDecorator =>
  RouteConfig({ deadlineMs: ms }) as MethodDecorator;
