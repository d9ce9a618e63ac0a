-- causeway: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS "payments_customer_id_idx" ON "payments" ("customer_id");
