-- oldest-build: 0.2.0

-- Builds from 0.2.0 on read which build a database needs at least. Version 0.1.0 does not: it would start, and answer 404
-- for every picture. It writes the setting of this name at each start, before it does any work; that is refused now, and
-- the setting has another name.
UPDATE "settings" SET "name" = 'image-url-key' WHERE "name" = 'image-url-secret';

CREATE OR REPLACE FUNCTION "refuse_version_0_1"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the database was migrated by a newer version, and needs Dramatis 0.2.0 or newer; this is 0.1.0';
END
$$;

CREATE TRIGGER "settings_refuse_version_0_1" BEFORE INSERT ON "settings"
  FOR EACH ROW WHEN (NEW."name" = 'image-url-secret') EXECUTE FUNCTION "refuse_version_0_1"();
