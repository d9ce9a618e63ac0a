import { scopes, type ProductView } from '@causeway/contracts';
import type { AttackedSystem } from '../attacked-system.js';

/** Enough of every product: attacks order some, and an order is refused for what is wrong with it. */
export async function restock({ http, inside, victim }: AttackedSystem): Promise<void> {
  if (!inside) return; // Only operators may.
  const { text } = await http.send({ method: 'GET', path: '/v1/products?limit=100' });
  const { items } = JSON.parse(text) as { items: ProductView[] };
  const authorization = `Bearer ${await victim.token([scopes.catalogWrite])}`;
  for (const { id, version } of items)
    await http.send({
      method: 'PUT',
      path: `/v1/products/${id}/stock`,
      headers: { authorization, 'content-type': 'application/json', 'if-match': `"${version}"` },
      body: '{"available":1000000}',
    });
}
