# Runs once, when the volume is empty: makes a database and a role for each service, with the password in the service's own
# URL. The role owns its database and can't connect to another. From template0, whatever the encoding of the server's own
# databases: ours hold UTF-8. The image's entry point sources or executes it, so it is POSIX shell.
set -eu
for file in /run/secrets/database-url-*; do
  url=$(cat "$file") # postgres://role:password@host:port/database
  credentials=${url#postgres://}
  role=${credentials%%:*}
  password=${credentials#*:}
  password=${password%%@*}
  database=${url##*/}
  psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet -U "${POSTGRES_USER:-postgres}" -d postgres \
    -v role="$role" -v password="$password" -v database="$database" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE :"database" OWNER :"role" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
done
