-- What a person wrote when cancelling leaves the reason, which travels in messages, and gets a column of its own, encrypted.
-- Words from before cannot be encrypted here, and go.

-- AlterTable
ALTER TABLE "orders" ADD COLUMN "given_reason_sealed" TEXT;

UPDATE "orders" SET "reason" = substring("reason" FROM '^cancelled by (?:the customer|support)') WHERE "reason" ~ '^cancelled by (the customer|support): ';
UPDATE "order_events" SET "reason" = substring("reason" FROM '^cancelled by (?:the customer|support)') WHERE "reason" ~ '^cancelled by (the customer|support): ';
