-- A UUID of version 7 that is exact to a quarter of a microsecond. Of two rows that are made under the same lock, the
-- later one gets the greater id.
--
-- In SQL because the moment is the database's own, and rows are inserted by functions and INSERT … SELECT.
-- Called by `request_generation`, `writeMore` and `storeImage`.
CREATE OR REPLACE FUNCTION "uuid_of_moment"(moment timestamptz) RETURNS uuid LANGUAGE sql AS $$
  SELECT (lpad(to_hex(microseconds / 1000), 12, '0') || '7' || lpad(to_hex(microseconds % 1000 * 4096 / 1000), 3, '0')
    || substr(gen_random_uuid()::text, 20))::uuid
  FROM (SELECT (extract(epoch FROM moment) * 1000000)::bigint AS microseconds) clock
$$;
