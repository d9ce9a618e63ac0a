-- AlterTable
ALTER TABLE "oidc_artifacts" ADD COLUMN     "parent_hash" TEXT;

-- CreateIndex
CREATE INDEX "oidc_artifacts_parent_hash_idx" ON "oidc_artifacts"("parent_hash");
