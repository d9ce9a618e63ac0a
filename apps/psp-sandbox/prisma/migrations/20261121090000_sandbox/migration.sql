-- The provider's own books: charges, refunds, an append-only ledger, answers by idempotency key, webhooks to deliver.

CREATE TABLE "charges" (
  "id" text NOT NULL,
  -- The merchant's own name for it. Not unique: a provider charges twice if it is asked twice, and the ledger shows it.
  "reference" text NOT NULL,
  "status" text NOT NULL,
  "decline_code" text,
  "amount_minor" bigint NOT NULL,
  "captured_minor" bigint NOT NULL DEFAULT 0,
  "refunded_minor" bigint NOT NULL DEFAULT 0,
  "currency" char(3) NOT NULL,
  "created_at" timestamptz(3) NOT NULL DEFAULT now(),
  "updated_at" timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT "charges_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "charges_status" CHECK ("status" IN ('authorized', 'declined', 'captured', 'voided', 'refunded', 'partially_refunded')),
  CONSTRAINT "charges_money" CHECK (0 <= "refunded_minor" AND "refunded_minor" <= "captured_minor" AND "captured_minor" <= "amount_minor")
);

CREATE INDEX "charges_reference_idx" ON "charges" ("reference");

CREATE TABLE "refunds" (
  "id" text NOT NULL,
  "charge_id" text NOT NULL,
  "reference" text NOT NULL,
  "amount_minor" bigint NOT NULL,
  "created_at" timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT "refunds_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "refunds_charge_id_fkey" FOREIGN KEY ("charge_id") REFERENCES "charges" ("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

CREATE INDEX "refunds_charge_id_idx" ON "refunds" ("charge_id");

CREATE TABLE "ledger_entries" (
  "seq" bigserial NOT NULL,
  "charge_id" text NOT NULL,
  "reference" text NOT NULL,
  "type" text NOT NULL,
  "amount_minor" bigint NOT NULL,
  "currency" char(3) NOT NULL,
  "at" timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT "ledger_entries_pkey" PRIMARY KEY ("seq"),
  CONSTRAINT "ledger_entries_charge_id_fkey" FOREIGN KEY ("charge_id") REFERENCES "charges" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT "ledger_entries_type" CHECK ("type" IN ('authorize', 'decline', 'capture', 'void', 'refund')),
  CONSTRAINT "ledger_entries_amount" CHECK ("amount_minor" > 0)
);

CREATE INDEX "ledger_entries_reference_idx" ON "ledger_entries" ("reference");

-- A ledger that can be edited proves nothing.
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only';
END
$$;
CREATE TRIGGER "ledger_append_only" BEFORE UPDATE OR DELETE ON "ledger_entries"
  FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER "ledger_no_truncate" BEFORE TRUNCATE ON "ledger_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

CREATE TABLE "idempotency_keys" (
  "key" text NOT NULL,
  "fingerprint" text NOT NULL,
  -- Null while the first request is being worked on.
  "status" integer,
  "body" jsonb,
  -- A request that died with its process stops being "in flight" here.
  "locked_until" timestamptz(3) NOT NULL,
  "created_at" timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("key")
);

CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys" ("created_at");

CREATE TABLE "webhook_deliveries" (
  "id" bigserial NOT NULL,
  -- Several deliveries may carry the same event: that is what a duplicate is.
  "event_id" text NOT NULL,
  "body" text NOT NULL,
  "attempts" integer NOT NULL DEFAULT 0,
  "due_at" timestamptz(3) NOT NULL,
  "status" text NOT NULL DEFAULT 'pending',
  "last_result" text,
  "created_at" timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "webhook_deliveries_status" CHECK ("status" IN ('pending', 'delivered', 'given_up'))
);

CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" ("due_at") WHERE "status" = 'pending';
