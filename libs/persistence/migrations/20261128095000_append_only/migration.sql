-- Tables whose rows are added and never changed. The migration that creates one declares it:
--   SELECT causeway.append_only('causeway.security_events', interval '400 days');
-- Rights keep the role that a service runs with from changing rows. The triggers keep everybody, the owner and a superuser included,
-- from doing so by mistake; an owner who means it disables them.
CREATE FUNCTION causeway.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
    IF OLD.at < now() - TG_ARGV[0]::interval THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege', HINT = 'Add a row that corrects the other.';
END $$;

-- p_keep: the owner may delete rows that are older than this, by their column `at` (timestamptz). Default: nobody deletes any.
-- May run again. Partitions of a table are declared one by one.
CREATE FUNCTION causeway.append_only(p_table regclass, p_keep interval DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  holder oid;
BEGIN
  -- ALWAYS: also in sessions with session_replication_role = replica, which skip other triggers.
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE %1$s OR TRUNCATE ON %2$s
     FOR EACH STATEMENT EXECUTE FUNCTION causeway.refuse_change();
     ALTER TABLE %2$s ENABLE ALWAYS TRIGGER append_only', CASE WHEN p_keep IS NULL THEN 'OR DELETE' END, p_table);
  IF p_keep IS NOT NULL THEN
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER append_only_rows BEFORE DELETE ON %1$s
       FOR EACH ROW EXECUTE FUNCTION causeway.refuse_change(%2$L);
       ALTER TABLE %1$s ENABLE ALWAYS TRIGGER append_only_rows', p_table, p_keep);
  END IF;
  FOR holder IN
    SELECT DISTINCT acl.grantee FROM pg_class c, aclexplode(c.relacl) acl
    WHERE c.oid = p_table AND acl.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON %s FROM %s', p_table, holder::regrole);
  END LOOP;
  EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON %s FROM PUBLIC', p_table);
END $$;
