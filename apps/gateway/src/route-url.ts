/** `/v1/users/me/addresses/{addressId}` of the contracts as Fastify writes it: `/v1/users/me/addresses/:addressId`. */
export const routeUrl = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');
