#!/bin/sh
# Makes a database with two roles per service, and nothing else: see rights.sql. Can run again at any time, and does so before each release's
# migrations: it hands over what older versions made, and sets the passwords to those of the secrets. Compose runs it, too.
# Usage: init.sh <folder with the files postgres, <database> and <database>_owner, each a password or a URL with it>
set -eu
secrets=$1
scripts=$(dirname "$0")
# A URL needs its password as it is, so it holds none that has to be escaped.
password() {
  value=$(cat "$secrets/$1")
  case $value in postgres://*) value=${value#postgres://*:}; value=${value%%@*} ;; esac
  printf '%s' "$value"
}
PGHOST=${PGHOST:-postgres} PGUSER=${PGUSER:-postgres} PGPASSWORD=$(password postgres)
# Whatever an administrator has set for the server.
PGOPTIONS='-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0'
export PGHOST PGUSER PGPASSWORD PGOPTIONS

waited=0
# Whether it answers at all; psql then says whether it is to be trusted.
until PGSSLMODE=disable pg_isready --quiet; do
  waited=$((waited + 2))
  if [ "$waited" -gt 120 ]; then
    echo "PostgreSQL has not answered for 120 s. Look at the pod postgres-0, or docker compose logs postgres." >&2
    exit 1
  fi
  sleep 2
done

query() { psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 "$@"; }

for file in "$secrets"/*_owner; do
  role=$(basename "$file" _owner)
  query --set=role="$role" --set=owner="${role}_owner" --dbname=postgres <<'SQL'
-- Without a password nobody can log in: migrations wait until all of it is there.
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY[:'role', :'owner']) name WHERE to_regrole(quote_ident(name)) IS NULL \gexec
-- From template0, whatever the encoding of the server's own databases: ours hold UTF-8.
SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', :'role', :'owner') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'role') \gexec
-- What the server brings along is for its administrator alone.
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SQL
  # It gives way to transactions that hold locks for long.
  tries=5
  until query --dbname="$role" --file="$scripts/rights.sql"; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then exit 1; fi
    sleep 2
  done
  PASSWORD=$(password "$role") OWNER_PASSWORD=$(password "${role}_owner") query --set=role="$role" --set=owner="${role}_owner" --dbname=postgres <<'SQL'
\getenv password PASSWORD
\getenv owner_password OWNER_PASSWORD
SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'owner', :'owner_password') \gexec
SQL
  echo "database $role is there, with the roles $role and ${role}_owner"
done
