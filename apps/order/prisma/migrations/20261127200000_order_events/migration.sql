-- What happened to an order, one row for each version of it. Orders that exist already have no rows for their past, and
-- instances of the release before write none for later changes; readers allow for gaps.

-- CreateEnum
CREATE TYPE "order_cause" AS ENUM ('request', 'message', 'timer');

-- CreateTable
CREATE TABLE "order_events" (
    "order_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "from_status" "order_status",
    "status" "order_status" NOT NULL,
    "step" "saga_step",
    "reason" TEXT,
    "event" TEXT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "cause" "order_cause" NOT NULL,
    "cause_name" TEXT NOT NULL,
    "cause_id" TEXT,
    "trace_id" CHAR(32),

    CONSTRAINT "order_events_pkey" PRIMARY KEY ("order_id","version")
);

-- CreateIndex
-- For housekeeping. Rows are added in the order of this column, so ranges of pages are enough, and cost a change nothing.
CREATE INDEX "order_events_occurred_at_idx" ON "order_events" USING BRIN ("occurred_at");

-- AddForeignKey
ALTER TABLE "order_events" ADD CONSTRAINT "order_events_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE CASCADE ON UPDATE CASCADE;
