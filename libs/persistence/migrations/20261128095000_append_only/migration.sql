-- Tables whose rows are added and never changed. The migration that creates one declares it:
--   SELECT causeway.append_only('causeway.security_events');
-- Rights keep the role that a service runs with from changing rows. The trigger keeps everybody, the owner and a superuser included,
-- from doing so by mistake; an owner who means it disables the trigger.
CREATE FUNCTION causeway.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege', HINT = 'Add a row that corrects the other.';
END $$;

-- May run again. Partitions of a table are declared one by one.
CREATE FUNCTION causeway.append_only(p_table regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  holder oid;
BEGIN
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
     FOR EACH STATEMENT EXECUTE FUNCTION causeway.refuse_change()', p_table);
  FOR holder IN
    SELECT DISTINCT acl.grantee FROM pg_class c, aclexplode(c.relacl) acl
    WHERE c.oid = p_table AND acl.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON %s FROM %s', p_table, holder::regrole);
  END LOOP;
  EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, TRIGGER ON %s FROM PUBLIC', p_table);
END $$;
