# Image of one app. The Dockerfiles of all apps are the same but for the lines between the two rules, so that they share every stage up to
# `application`; a test compares. Built from the root of the repository: docker build -f docker/payment.Dockerfile .   See docker/README.md.
# ----------------------------------------------------------------------------------------------------------------------------------------
ARG APP=payment
ARG TITLE="Causeway payment service"
# ----------------------------------------------------------------------------------------------------------------------------------------
ARG NODE_IMAGE=node:24-bookworm-slim

# The manifests alone: as long as none of them changes, installing is not done again.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN mkdir /manifests && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents {} /manifests \; \
 && cp package-lock.json .npmrc /manifests

# Everything that building takes, for the machine that builds.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /src
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY . .
ENV NX_DAEMON=false NX_TUI=false CHECKPOINT_DISABLE=1
RUN PATH="/src/node_modules/.bin:$PATH" \
    nx run-many -t build --projects 'tag:type:lib,tag:type:app,@causeway/images' --output-style=static

# What runs, for the machine that it will run on: packages with native code come in one per processor.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS production
ARG TARGETARCH
WORKDIR /src
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc \
    cpu=$(echo "${TARGETARCH:-$(dpkg --print-architecture)}" | sed 's/amd64/x64/') \
 && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error --os=linux --libc=glibc --cpu="$cpu" \
      $(ls -d apps/* libs/* | sed 's/^/--workspace=/')

# Of that, what this app reaches.
FROM --platform=$BUILDPLATFORM build AS prune
ARG APP
COPY --from=production /src/node_modules /production/node_modules
RUN mkdir -p /production/apps && cp -r apps/* /production/apps/ && cp -r libs /production/libs \
 && node tools/images/dist/prune-process.js /production "$APP" /out \
 && install -D -m 644 docker/healthcheck.mjs /layer/usr/local/lib/causeway/healthcheck.mjs \
 && cp -a /out/dependencies /layer/app && find /layer -exec touch -d @0 {} +

# Compiled code for Node's compile cache, made by the same Node, user and path as later. Dependencies first: their part rarely changes.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY --from=prune /out/dependencies ./
COPY --from=prune /out/entries.json /tmp/
COPY docker/compile-cache.mjs /tmp/
RUN install -d -o 1000 /var/cache/node
USER 1000:1000
ENV NODE_COMPILE_CACHE=/var/cache/node NODE_ENV=production
RUN node --enable-source-maps --experimental-import-meta-resolve /tmp/compile-cache.mjs dependencies /tmp/entries.json \
 && mkdir -p /tmp/layer/var/cache && cp -r /var/cache/node /tmp/layer/var/cache/node \
 && chmod -R a+rX /tmp/layer && find /tmp/layer -exec touch -d @0 {} +

FROM dependencies AS application
COPY --from=prune /out/application ./
COPY --chown=1000:1000 --from=prune /out/application /tmp/own/app
RUN find /var/cache/node -type f | sort > /tmp/before \
 && node --enable-source-maps /tmp/compile-cache.mjs application \
 && find /var/cache/node -type f | sort | comm -13 /tmp/before - | xargs -r cp --parents -t /tmp/own \
 && chmod -R a+rX /tmp/own && find /tmp/own -exec touch -d @0 {} +

FROM ${NODE_IMAGE}
# From the largest and least often changed to the smallest: a change of our code makes a new last layer, and no other.
# Owned by root: who breaks into the process can't change what it runs.
COPY --chown=0:0 --from=prune /layer /
COPY --chown=0:0 --from=dependencies /tmp/layer /
WORKDIR /app
COPY --chown=0:0 --from=application /tmp/own /
ENV NODE_ENV=production NODE_COMPILE_CACHE=/var/cache/node \
    HTTP_HOST=0.0.0.0 HTTP_PORT=8080 MANAGEMENT_PORT=9090
USER 1000:1000
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "/usr/local/lib/causeway/healthcheck.mjs"]
ENTRYPOINT ["node", "--enable-source-maps", "dist/main.js"]
CMD ["serve"]
ARG TITLE
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="${TITLE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
