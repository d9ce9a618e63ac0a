-- A card token stays sealed until the call to the provider. Tokens in the clear go with their column: authorizations that are
-- open at this moment are withdrawn once their orders reach the payment limit (docs/decisions/0051).

-- AlterTable
ALTER TABLE "psp_operations" DROP COLUMN "payment_method_token", ADD COLUMN "card_token_sealed" TEXT;
