-- Card tokens are sealed for payment now (JWE), and forgotten once the authorization is over. What earlier releases sealed with
-- the key of this service goes, except where an instance of the release before may still need it.

-- AlterTable
ALTER TABLE "orders" ALTER COLUMN "card_token_sealed" DROP NOT NULL;

UPDATE "orders" SET "card_token_sealed" = NULL WHERE "step" IS DISTINCT FROM 'authorize';
