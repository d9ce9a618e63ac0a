-- AlterTable
ALTER TABLE "users" ADD COLUMN "sessions_epoch" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "uid_hash" TEXT NOT NULL,
    "browser_sealed" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- AlterTable
ALTER TABLE "oidc_artifacts" ADD COLUMN "session_hash" TEXT;
ALTER TABLE "oidc_artifacts" ADD COLUMN "ends_with_session" BOOLEAN NOT NULL DEFAULT true;

-- Of the sessions and tokens issued so far it is not known whose they are, so that nobody could end them: everybody
-- signs in once more.
DELETE FROM "oidc_artifacts";

-- CreateIndex
CREATE UNIQUE INDEX "sessions_uid_hash_key" ON "sessions"("uid_hash");

-- CreateIndex
CREATE INDEX "sessions_user_id_idx" ON "sessions"("user_id");

-- CreateIndex
CREATE INDEX "sessions_last_used_at_idx" ON "sessions"("last_used_at");

-- CreateIndex
CREATE INDEX "oidc_artifacts_session_hash_idx" ON "oidc_artifacts"("session_hash");

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
