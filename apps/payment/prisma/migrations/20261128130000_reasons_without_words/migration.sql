-- Reasons no longer have what a person wrote (docs/decisions/0052): what came before goes.
UPDATE "payments" SET "void_reason" = substring("void_reason" FROM '^cancelled by (?:the customer|support)') WHERE "void_reason" ~ '^cancelled by (the customer|support): ';
UPDATE "refunds" SET "reason" = substring("reason" FROM '^cancelled by (?:the customer|support)') WHERE "reason" ~ '^cancelled by (the customer|support): ';
