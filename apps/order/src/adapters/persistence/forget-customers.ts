import { purgeBatch, type Sql } from '@causeway/persistence';

/**
 * How long an erased customer is remembered. No order of theirs is placed after it (their addresses are gone and their
 * tokens expire in minutes), and one that is still open then has been stuck for a month.
 */
const remembered = `interval '30 days'`;

/**
 * Forgets what orders of erased customers say of them: the address, and what whoever cancelled it wrote. Amounts, products,
 * times and ids stay. An order whose step is open keeps both until it ends: the parcel may be due yet. Rows that somebody
 * holds are left to the next call.
 * @returns How many orders were changed; call again while that is 5 000.
 */
export async function forgetCustomers(sql: Sql): Promise<number> {
  const { rowCount } = await sql.query(
    `WITH due AS MATERIALIZED (
       SELECT o.id FROM erased_customers e JOIN orders o ON o.customer_id = e.customer_id
        WHERE o.step IS NULL AND (o.address_sealed IS NOT NULL OR o.given_reason_sealed IS NOT NULL)
        LIMIT ${purgeBatch} FOR NO KEY UPDATE OF o SKIP LOCKED)
     UPDATE orders SET address_sealed = NULL, given_reason_sealed = NULL FROM due WHERE orders.id = due.id`,
  );
  return rowCount;
}

/** Deletes the memory of customers who were erased 30 days ago. */
export async function purgeErasedCustomers(sql: Sql): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM erased_customers WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM erased_customers WHERE erased_at < now() - ${remembered} LIMIT ${purgeBatch}))`,
  );
  return rowCount;
}
