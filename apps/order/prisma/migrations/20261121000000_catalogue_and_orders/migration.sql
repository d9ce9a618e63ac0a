-- CreateEnum
CREATE TYPE "order_status" AS ENUM ('PENDING_PAYMENT', 'AUTHORIZED', 'CONFIRMED', 'REJECTED', 'CANCELLING', 'CANCELLED');

-- CreateEnum
CREATE TYPE "saga_step" AS ENUM ('authorize', 'capture', 'void', 'refund');

-- CreateTable
CREATE TABLE "products" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "price_minor" BIGINT NOT NULL,
    "currency" CHAR(3) NOT NULL,
    "available" INTEGER NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "products_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "orders" (
    "id" UUID NOT NULL,
    "customer_id" UUID NOT NULL,
    "payment_id" UUID NOT NULL,
    "status" "order_status" NOT NULL,
    "step" "saga_step",
    "stock_held" BOOLEAN NOT NULL,
    "reason" TEXT,
    "payment_version" INTEGER NOT NULL DEFAULT 0,
    "currency" CHAR(3) NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "address_sealed" TEXT NOT NULL,
    "card_token_sealed" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "placed_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "orders_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "order_lines" (
    "order_id" UUID NOT NULL,
    "position" SMALLINT NOT NULL,
    "product_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "unit_price_minor" BIGINT NOT NULL,

    CONSTRAINT "order_lines_pkey" PRIMARY KEY ("order_id","position")
);

-- CreateTable
CREATE TABLE "saga_timers" (
    "order_id" UUID NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "give_up_at" TIMESTAMPTZ(3),

    CONSTRAINT "saga_timers_pkey" PRIMARY KEY ("order_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "orders_payment_id_key" ON "orders"("payment_id");

-- CreateIndex
CREATE INDEX "orders_customer_id_id_idx" ON "orders"("customer_id", "id");

-- CreateIndex
CREATE INDEX "orders_customer_id_status_id_idx" ON "orders"("customer_id", "status", "id");

-- CreateIndex
CREATE INDEX "saga_timers_due_at_idx" ON "saga_timers"("due_at");

-- AddForeignKey
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "saga_timers" ADD CONSTRAINT "saga_timers_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What Prisma has no words for. The checks are the last guard of what the code takes care of.
ALTER TABLE "products" ADD CONSTRAINT "products_available_check" CHECK ("available" BETWEEN 0 AND 100000000);
ALTER TABLE "products" ADD CONSTRAINT "products_price_minor_check" CHECK ("price_minor" BETWEEN 1 AND 100000000);
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_quantity_check" CHECK ("quantity" > 0);
-- Over means over, but for late money that is being given back; and an order holds stock until then, and not a moment longer.
ALTER TABLE "orders" ADD CONSTRAINT "orders_step_check" CHECK (
    CASE "status"
        WHEN 'PENDING_PAYMENT' THEN "step" IS NOT DISTINCT FROM 'authorize'
        WHEN 'AUTHORIZED' THEN "step" IS NOT DISTINCT FROM 'capture'
        WHEN 'CONFIRMED' THEN "step" IS NULL
        WHEN 'CANCELLING' THEN "step" IS NOT NULL AND "step" IN ('void', 'refund')
        ELSE "step" IS NULL OR "step" IN ('void', 'refund')
    END
);
ALTER TABLE "orders" ADD CONSTRAINT "orders_stock_held_check" CHECK ("stock_held" = ("status" NOT IN ('REJECTED', 'CANCELLED')));
