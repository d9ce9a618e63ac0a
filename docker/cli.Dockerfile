# Image of the command line `causeway`, for a terminal inside of the system's network. Built from the root of the
# repository: docker build -f docker/cli.Dockerfile .   See docker/README.md.
ARG NODE_IMAGE=node:24-bookworm-slim

# The manifests alone: as long as none of them changes, installing is not done again.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN mkdir /manifests && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents {} /manifests \; \
 && cp package-lock.json .npmrc /manifests

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /src
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY . .
ENV NX_DAEMON=false NX_TUI=false CHECKPOINT_DISABLE=1
RUN PATH="/src/node_modules/.bin:$PATH" \
    nx run-many -t build --projects 'tag:type:lib,tag:type:tool' --output-style=static

# What runs. No package of it has native code, so what is installed for this machine runs on any other.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS production
WORKDIR /src
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error --workspace=tools/cli

# Of that, what the command line reaches.
FROM --platform=$BUILDPLATFORM build AS prune
COPY --from=production /src /production
RUN cp -r libs tools /production/ \
 && node tools/images/dist/prune-process.js /production tools/cli /out \
 && mkdir -p /layer/usr/local/bin && cp -a /out/dependencies /layer/app && cp -a /out/application/. /layer/app/ \
 && chmod 755 /layer/app/causeway.mjs && ln -s /app/causeway.mjs /layer/usr/local/bin/causeway \
 && find /layer -exec touch -h -d @0 {} +

FROM ${NODE_IMAGE}
# Owned by root: who breaks into the process can't change what it runs.
COPY --chown=0:0 --from=prune /layer /
WORKDIR /app
# Every command means the network that the container is in.
ENV NODE_ENV=production CAUSEWAY_INSIDE=true
USER 1000:1000
ENTRYPOINT ["causeway"]
CMD ["--help"]
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Causeway command line" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
