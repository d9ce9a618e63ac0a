-- causeway: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS "payments_customer_id_idx";
