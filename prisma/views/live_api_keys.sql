-- The API keys that are valid now, each with its role. A key of a person is valid as long as their membership, and
-- never has a greater role than the person. Roles are declared from most to least, so the greater of two values is the
-- lesser role.
--
-- In SQL because each check of access reads the same rule, in one statement with the other rows that it reads.
-- Read by `createFindApiKey`, `authorize` and `reviewAccess`.
CREATE OR REPLACE VIEW "live_api_keys" AS
  SELECT k.*, greatest(k."role", m."role") AS "effective_role"
  FROM "api_keys" k LEFT JOIN "members" m ON m."project_id" = k."project_id" AND m."user_id" = k."user_id"
  WHERE k."revoked_at" IS NULL AND (k."expires_at" IS NULL OR k."expires_at" > now())
    AND (k."user_id" IS NULL OR m."id" IS NOT NULL);
