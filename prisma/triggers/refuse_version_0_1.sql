-- Refuses the start of version 0.1.0, which does not check the least build that a database needs. That version writes
-- the setting `image-url-secret` at each start, before it does any work.
--
-- In SQL because only the database can stop a build that is no longer changed.
-- Runs on every INSERT of that setting.
CREATE OR REPLACE FUNCTION "refuse_version_0_1"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the database was migrated by a newer version, and needs Dramatis 0.2.0 or newer; this is 0.1.0';
END
$$;

CREATE OR REPLACE TRIGGER "settings_refuse_version_0_1" BEFORE INSERT ON "settings"
  FOR EACH ROW WHEN (NEW."name" = 'image-url-secret') EXECUTE FUNCTION "refuse_version_0_1"();
