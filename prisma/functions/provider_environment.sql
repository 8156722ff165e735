-- The environment of the provider that this database belongs to: `simulator`, or the address of the provider's API.
-- Empty until the first start has settled it.
--
-- In SQL because defaults of columns and conditions of statements read it, so that no row gets another environment.
-- Called by the defaults of every column `environment`, `keep_open_periods`, `needs_approval`, `reusable_generation`,
-- `request_generation`, and statements about money, prices and runs.
CREATE OR REPLACE FUNCTION "provider_environment"() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT value FROM settings WHERE name = 'provider-environment'), '')
$$;
