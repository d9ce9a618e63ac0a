-- Text with a check instead of an enum: a fork adds a role in one statement, inside a transaction.
ALTER TABLE "users" ADD COLUMN "role" TEXT NOT NULL DEFAULT 'customer'
    CONSTRAINT "users_role_check" CHECK ("role" IN ('customer', 'support', 'operator'));
