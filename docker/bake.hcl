# All images, for both processors:  docker buildx bake -f docker/bake.hcl          (one: … order)
# Into a registry, reproducibly:    REGISTRY=registry.example/shop TAG=1.4.0 docker buildx bake -f docker/bake.hcl --push
variable "REGISTRY" { default = "causeway" }
variable "TAG" { default = "dev" }
variable "REVISION" { default = "unknown" }
# RFC 3339, and the same moment in seconds since 1970: every time stamp in the image.
variable "CREATED" { default = "1970-01-01T00:00:00Z" }
variable "SOURCE_DATE_EPOCH" { default = "0" }

# An .npmrc for a package registry that is not npm's own, or needs a login: mounted while npm runs, kept in no layer.
variable "NPMRC" { default = "" }

group "default" {
  targets = ["image"]
}

target "image" {
  name       = app
  # generated: services
  matrix     = { app = ["gateway", "user", "order", "payment", "psp-sandbox", "cli"] }
  # end
  context    = "."
  dockerfile = "docker/${app}.Dockerfile"
  tags       = ["${REGISTRY}/${app}:${TAG}"]
  platforms  = ["linux/amd64", "linux/arm64"]
  args = {
    VERSION           = TAG
    REVISION          = REVISION
    CREATED           = CREATED
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
  }
  attest = ["type=provenance,mode=max", "type=sbom"]
  output = ["type=image,rewrite-timestamp=true"]
  secret = NPMRC == "" ? [] : ["id=npmrc,src=${NPMRC}"]
}
