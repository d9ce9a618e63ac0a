#!/bin/sh
# Generates what docker/compose.yaml needs to keep secret, into docker/secrets (never committed). Keeps what is there: run it as often as
# you like. Needs nothing but a POSIX shell. To start over: docker compose -f docker/compose.yaml down -v && rm -r docker/secrets
# Usage: sh docker/secrets.sh [folder]
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder" # Only you can look in; containers are given single files, and run as other users: hence 444 below.

# hex <bytes>: begins with a letter, needs no quoting anywhere.
hex() { printf 'k%s' "$(od -An -vtx1 -N "$1" /dev/urandom | tr -d ' \n')"; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
# keep <name> <value>: the value of a secret that has none yet.
keep() {
  [ -s "$folder/$1" ] && return
  printf '%s' "$2" >"$folder/$1"
  chmod 444 "$folder/$1"
  echo "generated $1"
}

keep postgres-password "$(hex 24)"
for name in user order payment psp; do
  keep "database-url-$name" "postgres://$name:$(hex 24)@postgres:5432/$name"
done
for name in gateway order payment provisioner user; do
  keep "nats-password-$name" "$(hex 24)"
done
for name in user order; do
  keep "field-keys-$name" "v1:$(key)"
  keep "blind-index-key-$name" "$(key)"
done
keep cursor-secret "$(key)"
keep oidc-cookie-keys "$(hex 32)"
keep oidc-machine-secret "$(hex 24)"
keep psp-api-key "sk_sandbox_$(hex 24)"
keep psp-webhook-secret "whsec_$(hex 24)"
keep management-token "$(hex 24)"

# The server reads its passwords from one file, which its configuration includes.
passwords=$(for name in gateway order payment provisioner user; do
  printf 'NATS_PASSWORD_%s: "%s"\n' "$(echo "$name" | tr a-z A-Z)" "$(cat "$folder/nats-password-$name")"
done)
rm -f "$folder/nats-passwords.conf"
keep nats-passwords.conf "$passwords" >/dev/null
echo "secrets are in $folder"
