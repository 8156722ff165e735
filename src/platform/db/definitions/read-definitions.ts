import type { Session } from '../migrations/session.ts';

/** A function, trigger or view of a database. */
export interface Definition {
  readonly kind: 'FUNCTION' | 'TRIGGER' | 'VIEW';
  /** The text after the kind in a DROP: `a_function("AType")`, `a_trigger ON a_table`. */
  readonly name: string;
  /** The file that it belongs to, relative to `prisma/`. A trigger belongs to the file of its function. */
  readonly file: string;
  /** Postgres' own text of it. */
  readonly text: string;
  /** The part that `CREATE OR REPLACE` cannot change. When it differs, the old definition is dropped first. */
  readonly fixed: string;
}

/** The kind and the name, which no two definitions share. */
export function titleOf({ kind, name }: Pick<Definition, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}

/** The functions, triggers and views of a schema, without those of extensions. */
const statement = `
  SELECT 'FUNCTION' AS kind, format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)) AS name,
    format('%s/%s.sql', CASE p.prorettype WHEN 'trigger'::regtype THEN 'triggers' ELSE 'functions' END, p.proname) AS file,
    pg_get_functiondef(p.oid) AS text, pg_get_function_arguments(p.oid) || pg_get_function_result(p.oid) AS fixed
  FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'TRIGGER', format('%I ON %s', t.tgname, t.tgrelid::regclass), format('triggers/%s.sql', p.proname),
    pg_get_triggerdef(t.oid), ''
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
  WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
  UNION ALL
  SELECT 'VIEW', format('%I', c.relname), format('views/%s.sql', c.relname), seen.text, seen.text
  FROM pg_class c, concat_ws(' ', c.reloptions::text, pg_get_viewdef(c.oid)) AS seen(text)
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
  ORDER BY file, kind, name`;

/** Reads all definitions of the session's schema, in the order of their files. */
export async function readDefinitions(session: Pick<Session, 'query'>): Promise<Definition[]> {
  return (await session.query<Definition & Record<string, string>>(statement)).rows;
}
