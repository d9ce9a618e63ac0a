#!/bin/sh
# Makes a certificate for one server, and an authority that vouches for it and for nothing else: the authority's key is thrown away.
# Writes <folder>/<name>-ca.crt, <name>.crt and <name>.key. Keeps them while they are valid for 30 days more, else makes all three anew.
# For demos; in production cert-manager or the platform does it (docs/guides/own-cluster.md). Needs openssl.
# Usage: certificates.sh <folder> <name of the server, its host name> [further host names or IP:addresses …]
set -eu
folder=$1 name=$2
shift 2
if ! command -v openssl >/dev/null; then
  echo "openssl is not installed: it makes the certificates of $name. Install it (Debian: apt-get install openssl), and run this again." >&2
  exit 1
fi
month=2592000
if [ -s "$folder/$name.key" ] && [ -s "$folder/$name-ca.crt" ] && openssl x509 -in "$folder/$name.crt" -noout -checkend $month >/dev/null 2>&1; then
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names="DNS:$name"
for other in "$@"; do
  case $other in IP:*) names="$names,$other" ;; *) names="$names,DNS:$other" ;; esac
done
cat >"$work/openssl.cnf" <<CONFIG
[req]
distinguished_name = dn
prompt = no
[dn]
CN = $name
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $names
CONFIG
ec() { openssl ecparam -name prime256v1 -genkey -noout -out "$1" 2>/dev/null; }
# 27 months: the longest that browsers and Apple's TLS take for a server.
ec "$work/ca.key"
openssl req -new -x509 -config "$work/openssl.cnf" -extensions ca -subj "/CN=Causeway demo authority of $name" \
  -key "$work/ca.key" -days 825 -out "$work/ca.crt" 2>/dev/null
ec "$work/server.key"
openssl req -new -config "$work/openssl.cnf" -key "$work/server.key" -out "$work/server.csr" 2>/dev/null
openssl x509 -req -in "$work/server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -extfile "$work/openssl.cnf" \
  -extensions server -days 825 -out "$work/server.crt" 2>/dev/null
# Containers get single files and run as other users; nobody else can look into the folder.
chmod 444 "$work"/*.crt "$work/server.key"
mv -f "$work/ca.crt" "$folder/$name-ca.crt"
mv -f "$work/server.crt" "$folder/$name.crt"
mv -f "$work/server.key" "$folder/$name.key"
echo "generated $name-ca.crt, $name.crt and $name.key"
