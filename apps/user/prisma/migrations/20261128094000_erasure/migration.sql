-- Erasing an account needs a sign-in that is minutes old. A session that exists already counts from its start.

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN "signed_in_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now();
UPDATE "sessions" SET "signed_in_at" = "created_at";
