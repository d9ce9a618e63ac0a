-- Payments, their refunds, the operations at the provider and the provider's webhooks.

CREATE TABLE "payments" (
  "id" uuid NOT NULL,
  "order_id" uuid NOT NULL,
  -- The terms are missing in a tombstone only: a void that came before its authorise command.
  "customer_id" uuid,
  "amount_minor" bigint,
  "currency" char(3),
  "status" text NOT NULL,
  "step" text,
  "charge_id" text,
  "captured_minor" bigint NOT NULL DEFAULT 0,
  "refunded_minor" bigint NOT NULL DEFAULT 0,
  "decline_reason" text,
  "capture_failure" text,
  "void_reason" text,
  "version" integer NOT NULL,
  "created_at" timestamptz(3) NOT NULL,
  "updated_at" timestamptz(3) NOT NULL,
  CONSTRAINT "payments_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "payments_status" CHECK ("status" IN ('AUTHORIZING', 'AUTHORIZED', 'CAPTURING', 'VOIDING', 'REFUNDING', 'UNKNOWN',
    'CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'VOIDED', 'DECLINED')),
  CONSTRAINT "payments_step" CHECK (("step" IS NOT NULL) = ("status" IN ('AUTHORIZING', 'CAPTURING', 'VOIDING', 'REFUNDING', 'UNKNOWN'))),
  CONSTRAINT "payments_terms" CHECK (num_nulls("customer_id", "amount_minor", "currency") = 0
    OR (num_nulls("customer_id", "amount_minor", "currency") = 3 AND "status" = 'VOIDED')),
  CONSTRAINT "payments_money" CHECK (0 <= "refunded_minor" AND "refunded_minor" <= "captured_minor"
    AND "captured_minor" <= coalesce("amount_minor", 0))
);

CREATE INDEX "payments_order_id_idx" ON "payments" ("order_id");

CREATE TABLE "refunds" (
  "payment_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  -- Order of execution within the payment.
  "position" integer NOT NULL,
  "amount_minor" bigint NOT NULL,
  "status" text NOT NULL,
  "reason" text NOT NULL,
  "created_at" timestamptz(3) NOT NULL,
  CONSTRAINT "refunds_pkey" PRIMARY KEY ("payment_id", "id"),
  CONSTRAINT "refunds_payment_id_fkey" FOREIGN KEY ("payment_id") REFERENCES "payments" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT "refunds_status" CHECK ("status" IN ('PENDING', 'REFUNDED', 'FAILED')),
  CONSTRAINT "refunds_amount" CHECK ("amount_minor" > 0)
);

CREATE TABLE "psp_operations" (
  "id" uuid NOT NULL,
  "payment_id" uuid NOT NULL,
  "step" text NOT NULL,
  "n" integer NOT NULL,
  -- The idempotency key at the provider, written before the first call.
  "key" text NOT NULL,
  "refund_id" uuid,
  "amount_minor" bigint NOT NULL,
  -- The provider's token for a card; forgotten once the authorisation is settled.
  "payment_method_token" text,
  "status" text NOT NULL DEFAULT 'READY',
  "result" text,
  "attempts" integer NOT NULL DEFAULT 0,
  "reads" integer NOT NULL DEFAULT 0,
  "unsent" integer NOT NULL DEFAULT 0,
  "due_at" timestamptz(3) NOT NULL DEFAULT now(),
  "lease" uuid,
  "lease_until" timestamptz(3),
  "traceparent" text,
  "created_at" timestamptz(3) NOT NULL DEFAULT now(),
  "closed_at" timestamptz(3),
  CONSTRAINT "psp_operations_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "psp_operations_payment_id_fkey" FOREIGN KEY ("payment_id") REFERENCES "payments" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT "psp_operations_step" CHECK ("step" IN ('AUTHORIZE', 'CAPTURE', 'VOID', 'REFUND')),
  CONSTRAINT "psp_operations_status" CHECK ("status" IN ('READY', 'UNKNOWN', 'SUCCEEDED', 'REFUSED', 'WITHDRAWN')),
  CONSTRAINT "psp_operations_closed" CHECK (("closed_at" IS NULL) = ("status" IN ('READY', 'UNKNOWN')))
);

CREATE UNIQUE INDEX "psp_operations_key_key" ON "psp_operations" ("key");
CREATE UNIQUE INDEX "psp_operations_payment_id_step_n_key" ON "psp_operations" ("payment_id", "step", "n");
-- One step in flight per payment, whatever the code believes.
CREATE UNIQUE INDEX "psp_operations_in_flight" ON "psp_operations" ("payment_id") WHERE "status" IN ('READY', 'UNKNOWN');
CREATE INDEX "psp_operations_due" ON "psp_operations" ("due_at") WHERE "status" IN ('READY', 'UNKNOWN');

CREATE TABLE "psp_webhook_events" (
  "id" text NOT NULL,
  "type" text NOT NULL,
  "reference" text NOT NULL,
  "body" jsonb NOT NULL,
  "received_at" timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT "psp_webhook_events_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "psp_webhook_events_received_at_idx" ON "psp_webhook_events" ("received_at");
