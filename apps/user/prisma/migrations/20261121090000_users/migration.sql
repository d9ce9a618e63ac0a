-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "email_index" TEXT NOT NULL,
    "email_sealed" TEXT NOT NULL,
    "display_name_sealed" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "addresses" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "label_sealed" TEXT NOT NULL,
    "recipient_sealed" TEXT NOT NULL,
    "line1_sealed" TEXT NOT NULL,
    "line2_sealed" TEXT,
    "postal_code_sealed" TEXT NOT NULL,
    "city_sealed" TEXT NOT NULL,
    "country" CHAR(2) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "addresses_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "oidc_artifacts" (
    "model" TEXT NOT NULL,
    "id_hash" TEXT NOT NULL,
    "grant_hash" TEXT,
    "uid_hash" TEXT,
    "payload_sealed" TEXT NOT NULL,
    "consumed_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "oidc_artifacts_pkey" PRIMARY KEY ("model","id_hash")
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "kid" TEXT NOT NULL,
    "private_jwk_sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "login_failures" (
    "key" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "window_started_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "login_failures_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_email_index_key" ON "users"("email_index");

-- CreateIndex
CREATE INDEX "addresses_user_id_id_idx" ON "addresses"("user_id", "id");

-- CreateIndex
CREATE INDEX "oidc_artifacts_grant_hash_idx" ON "oidc_artifacts"("grant_hash");

-- CreateIndex
CREATE INDEX "oidc_artifacts_uid_hash_idx" ON "oidc_artifacts"("uid_hash");

-- CreateIndex
CREATE INDEX "oidc_artifacts_expires_at_idx" ON "oidc_artifacts"("expires_at");

-- CreateIndex
CREATE INDEX "login_failures_window_started_at_idx" ON "login_failures"("window_started_at");

-- AddForeignKey
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
