#!/bin/sh
# Makes one role and one database per service, and nothing else. Can run again at any time: it sets the passwords to those of the Secret.
set -eu
secrets=/run/secrets/postgres
PGPASSWORD="$(cat "$secrets/postgres")"
export PGPASSWORD

waited=0
until pg_isready --quiet --host=postgres --username=postgres; do
  waited=$((waited + 2))
  if [ "$waited" -gt 120 ]; then
    echo "PostgreSQL has not answered for 120 s. Look at the pod postgres-0." >&2
    exit 1
  fi
  sleep 2
done

for file in "$secrets"/*; do
  role="$(basename "$file")"
  if [ "$role" = postgres ]; then continue; fi
  ROLE_PASSWORD="$(cat "$file")" psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --set=role="$role" \
    --host=postgres --username=postgres --dbname=postgres <<'SQL'
\getenv password ROLE_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password') \gexec
-- From template0, whatever the encoding of the server's own databases: ours hold UTF-8.
SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', :'role', :'role') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'role') \gexec
-- Without this every role may connect to every database.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'role') \gexec
SQL
  echo "database and role $role are there"
done
