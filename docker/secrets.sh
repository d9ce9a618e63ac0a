#!/bin/sh
# Generates the secrets of docker/compose.yaml into docker/secrets (never committed). Keeps the values that exist, so it can
# run again at any time. Needs a POSIX shell and openssl. To start over: docker compose -f docker/compose.yaml down -v && rm -r docker/secrets
# Usage: sh docker/secrets.sh [folder]
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder" # Only you can look in. Containers get single files and run as other users, hence 444 below.

# Begins with a letter and needs no quoting anywhere.
password() { printf 'k%s' "$(od -An -vtx1 -N 24 /dev/urandom | tr -d ' \n')"; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
# A private key on P-256 as PKCS #8, and the public key of the last one in a file, with its version; DER in base64.
private_key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -outform DER | openssl base64 -A; }
public_key() {
  last=$(sed 's/.*,//' "$folder/$1")
  printf '%s:' "${last%%:*}"
  printf '%s' "${last#*:}" | openssl base64 -d -A | openssl pkey -inform DER -pubout -outform DER | openssl base64 -A
}
# keep <name> <value>: the value of a secret that has none yet.
keep() {
  [ -s "$folder/$1" ] && return
  printf '%s' "$2" >"$folder/$1"
  chmod 444 "$folder/$1"
  echo "generated $1"
}

# From tools/system/src/services.ts and secrets.ts, by npm run generate.
# generated: secrets
keep postgres-password "$(password)"
for name in user order payment psp; do
  keep "database-url-$name" "postgres://$name:$(password)@postgres:5432/$name"
  keep "migration-database-url-$name" "postgres://${name}_owner:$(password)@postgres:5432/$name"
done
for name in gateway operator order payment provisioner user; do
  keep "nats-password-$name" "$(password)"
done
keep field-keys-user "v1:$(key)"
keep field-keys-order "v1:$(key)"
keep blind-index-key-user "$(key)"
keep blind-index-key-order "$(key)"
keep cursor-secret "$(key)"
keep oidc-cookie-keys "$(password)"
keep oidc-machine-secret "$(password)"
keep mail-password "$(password)"
keep card-opening-keys "v1:$(private_key)"
keep card-sealing-key "$(public_key card-opening-keys)"
keep psp-api-key "sk_sandbox_$(password)"
keep psp-webhook-secret "whsec_$(password)"
keep management-token "$(password)"
keep operator-token "$(password)"
# end

# Reached by these names in the network of Compose, and through published ports.
for server in postgres nats; do
  sh "$(dirname "$0")/certificates.sh" "$folder" "$server" localhost IP:127.0.0.1
done

# The server reads its passwords from one file, which its configuration includes.
passwords=$(for file in "$folder"/nats-password-*; do
  printf 'NATS_PASSWORD_%s: "%s"\n' "$(echo "${file##*/nats-password-}" | tr a-z- A-Z_)" "$(cat "$file")"
done)
rm -f "$folder/nats-passwords.conf"
keep nats-passwords.conf "$passwords" >/dev/null
echo "secrets are in $folder"
