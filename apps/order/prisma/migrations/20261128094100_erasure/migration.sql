-- Who was erased: what is still open of their orders is forgotten once it ends.

-- CreateTable
CREATE TABLE "erased_customers" (
    "customer_id" UUID NOT NULL,
    "erased_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "erased_customers_pkey" PRIMARY KEY ("customer_id")
);

-- AlterTable
-- Null once the customer was erased.
ALTER TABLE "orders" ALTER COLUMN "address_sealed" DROP NOT NULL;
