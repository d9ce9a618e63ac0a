/** `/v1/orders/{orderId}` of the contracts as Fastify writes it: `/v1/orders/:orderId`. */
export const routeUrl = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');
