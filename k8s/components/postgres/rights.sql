-- Who may do what in the database of a service. The role <name>_owner owns it and runs the migrations; the role <name> is what the service
-- runs with: it reads and writes rows, and nothing else. Both must exist. Runs in the database, as a superuser or as <name>_owner, again
-- at any time. The launcher, Compose and Kubernetes run this file; <name> is that of the database, unless causeway.role says otherwise.
DO $$
DECLARE
  role  text := coalesce(nullif(current_setting('causeway.role', true), ''), current_database());
  owner text := role || '_owner';
  found record;
BEGIN
  -- Give way to the traffic rather than hold it up; whoever runs this tries again.
  PERFORM set_config('lock_timeout', '5s', true);
  -- Releases before this one had a single role. Handed over in the transaction that grants, so that a running service notices nothing.
  IF EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = to_regrole(quote_ident(role)) AND deptype = 'o') THEN
    EXECUTE format('REASSIGN OWNED BY %I TO %I', role, owner);
  END IF;

  -- By default every role may connect to every database, and make temporary tables there.
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', current_database(), role);
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  -- Large objects lie outside of all tables, and belong to whoever makes them.
  REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) FROM PUBLIC;

  -- What migrations will create, in any schema.
  EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT USAGE ON SCHEMAS TO %I', owner, role);
  EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', owner, role);
  EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT SELECT, USAGE ON SEQUENCES TO %I', owner, role);

  -- What is there already and has never been granted: a right that a migration has revoked stays revoked.
  FOR found IN
    SELECT format('GRANT USAGE ON SCHEMA %I TO %I', nspname, role) AS statement FROM pg_namespace n
    WHERE (nspname = 'public' OR nspowner = to_regrole(quote_ident(owner)))
      AND NOT EXISTS (SELECT FROM aclexplode(n.nspacl) WHERE grantee = to_regrole(quote_ident(role)))
    UNION ALL
    SELECT format(
      'GRANT %s ON %s TO %I',
      CASE
        WHEN relkind = 'S' THEN 'SELECT, USAGE'
        WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'append_only') THEN 'SELECT, INSERT'
        ELSE 'SELECT, INSERT, UPDATE, DELETE'
      END,
      c.oid::regclass, role
    ) FROM pg_class c
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relowner = to_regrole(quote_ident(owner))
      AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) WHERE grantee = to_regrole(quote_ident(role)))
  LOOP
    EXECUTE found.statement;
  END LOOP;
END $$;
