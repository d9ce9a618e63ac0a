import type { FastifyInstance } from 'fastify';
import { refusalOf } from './refusals.js';

/**
 * Answers 404 and 405 before the body is read, because it does not matter what is wrong with the body of such a request.
 * Runs after `onRequest`, so that plugins see these requests, too. Fastify itself answers a wrong method with 404, and
 * QUERY with 400.
 */
export function refuseUnknownRoutes(fastify: FastifyInstance): void {
  const allowed = new AllowedMethods(fastify);
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    if (!request.is404) return done();
    const methods = allowed.at(request.url);
    if (methods.length === 0 || methods.includes(request.method)) return done(refusalOf(404));
    reply.header('allow', methods.join(', '));
    done(refusalOf(405));
  });
}

interface KnownRoute {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/**
 * Remembers every route, to tell a wrong method (405) from a wrong address (404); Fastify answers both with 404. It is
 * consulted only when no route matched, so a list of patterns is enough.
 */
export class AllowedMethods {
  private readonly routes = new Map<string, KnownRoute>();

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method }) => {
      const known = this.routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
      for (const each of [method].flat()) known.methods.add(each.toUpperCase());
      this.routes.set(url, known);
    });
  }

  /** The methods of all matching routes, sorted; empty if none matches. */
  at(url: string): string[] {
    const path = url.split(/[?#]/, 1)[0] ?? '';
    const found = [...this.routes.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  }
}

/** `/v1/orders/:id` as Fastify's router reads it: a parameter is one segment that is not empty, `*` is the rest. */
function patternOf(url: string): RegExp {
  const parts = url.split(/(:[^/.-]+|\*)/).map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}
