-- Two roles for one database: `dramatis_owner` owns the tables and migrates them; `dramatis_app` is what the server works
-- as. Run it as a superuser in Dramatis's own database, before the first start or on a database that is in use (stop the
-- server before). It may be run again. Passwords are set by you, afterwards:
--   ALTER ROLE dramatis_owner PASSWORD '…';
--   ALTER ROLE dramatis_app PASSWORD '…';

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dramatis_owner') THEN CREATE ROLE dramatis_owner LOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dramatis_app') THEN CREATE ROLE dramatis_app LOGIN; END IF;
END
$$;
ALTER ROLE dramatis_owner NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE dramatis_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

-- The owner may create tables in `public`, and the schema of the job queue; the other role, and all others, may not.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I OWNER TO dramatis_owner', current_database());
  EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC, dramatis_app', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO dramatis_app', current_database());
END
$$;
ALTER SCHEMA public OWNER TO dramatis_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC, dramatis_app;
GRANT USAGE ON SCHEMA public TO dramatis_app;
CREATE SCHEMA IF NOT EXISTS pgboss;
ALTER SCHEMA pgboss OWNER TO dramatis_owner;
REVOKE ALL ON SCHEMA pgboss FROM PUBLIC, dramatis_app;
GRANT USAGE ON SCHEMA pgboss TO dramatis_app;

-- What is there already belongs to the owner from now on. Indexes, triggers and the sequences of columns go with their
-- tables.
DO $$
DECLARE
  each record;
BEGIN
  FOR each IN
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind, c.oid::regclass::text AS name
      FROM pg_class c WHERE c.relnamespace IN ('public'::regnamespace, 'pgboss'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
    UNION ALL SELECT 'ROUTINE', p.oid::regprocedure::text
      FROM pg_proc p WHERE p.pronamespace IN ('public'::regnamespace, 'pgboss'::regnamespace)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT 'TYPE', format_type(t.oid, NULL)
      FROM pg_type t WHERE t.typnamespace IN ('public'::regnamespace, 'pgboss'::regnamespace) AND t.typtype = 'e'
  LOOP
    EXECUTE format('ALTER %s %s OWNER TO dramatis_owner', each.kind, each.name);
  END LOOP;
END
$$;

-- What the server does with tables, those of later versions too. Functions are open to all roles, and run with the rights
-- of the caller.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, pgboss TO dramatis_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public, pgboss TO dramatis_app;
ALTER DEFAULT PRIVILEGES FOR ROLE dramatis_owner IN SCHEMA public, pgboss
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dramatis_app;
ALTER DEFAULT PRIVILEGES FOR ROLE dramatis_owner IN SCHEMA public, pgboss
  GRANT USAGE, SELECT ON SEQUENCES TO dramatis_app;

-- What only grows may only be read and added to. Where the tables are not there yet, the migration that makes the last of
-- them does the same.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['audit_entries', 'ledger_entries', 'submit_intents', 'verifications', '_prisma_migrations'] LOOP
    CONTINUE WHEN to_regclass('public.' || name) IS NULL;
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON public.%I FROM dramatis_app', name);
  END LOOP;
  IF to_regclass('public._prisma_migrations') IS NOT NULL THEN
    REVOKE INSERT ON public._prisma_migrations FROM dramatis_app;
  END IF;
END
$$;
