import type pg from 'pg';
import { z } from 'zod';
import { nilId } from '../../platform/db/nil-id.ts';

/** The number of runs whose kept outputs are read at a time. Most runs have none. */
const runsAtOnce = 2_000;
const lastIndex = Number.MAX_SAFE_INTEGER;

/**
 * The place of stored bytes in the order in which all are read: first pictures, then outputs that were kept unchanged.
 */
export const picturePlace = z.object({
  of: z.enum(['IMAGES', 'OUTPUTS']),
  /** The id of the row that names them. */
  id: z.uuid(),
  /** The number of the output in its run, from 1 on. */
  index: z.number().int(),
});
export type PicturePlace = z.output<typeof picturePlace>;

/** The place before every picture. */
export const beforePictures: PicturePlace = {
  of: 'IMAGES',
  id: nilId,
  index: 0,
};

/** Bytes that a row names. */
export interface Expected {
  /** The row's id, and the number of a kept output. */
  readonly subject: string;
  readonly project: string;
  readonly sha256: string;
  readonly sizeBytes: number | null;
  readonly place: PicturePlace;
}

/**
 * A page of expected bytes, and the place where the next page begins; null at the end. A page may be empty before the
 * end.
 */
export interface ExpectedPage {
  readonly rows: readonly Expected[];
  readonly next: PicturePlace | null;
}

/** Lists the next bytes that rows name. */
export function listExpected(
  client: pg.ClientBase,
  after: PicturePlace,
  limit: number,
): Promise<ExpectedPage> {
  return after.of === 'IMAGES' ? listImages(client, after, limit) : listOutputs(client, after, limit);
}

async function listImages(client: pg.ClientBase, { id }: PicturePlace, limit: number): Promise<ExpectedPage> {
  const { rows } = await client.query<Omit<Expected, 'place'> & { id: string }>(
    `SELECT id::text, 'image ' || id AS subject, project_id::text AS project, sha256, size_bytes AS "sizeBytes"
     FROM images WHERE id > $1 ORDER BY id LIMIT $2`,
    [id, limit],
  );
  const found = rows.map(({ id, ...row }): Expected => ({ ...row, place: { of: 'IMAGES', id, index: 0 } }));
  const next = rows.length < limit ? { ...beforePictures, of: 'OUTPUTS' as const } : found.at(-1)?.place;
  return { rows: found, next: next ?? null };
}

/** A run may have ten thousand outputs, so a page may end within one. */
async function listOutputs(client: pg.ClientBase, after: PicturePlace, limit: number): Promise<ExpectedPage> {
  const { rows: runs } = await client.query<{ last: string | null; count: number }>(
    `SELECT max(id::text) AS last, count(*)::int AS count
     FROM (SELECT id FROM generations WHERE id >= $1 ORDER BY id LIMIT ${runsAtOnce}) page`,
    [after.id],
  );
  const { last = null, count = 0 } = runs[0] ?? {};
  if (last === null) return { rows: [], next: null };
  const { rows } = await client.query<Omit<Expected, 'place'> & { id: string; index: number }>(
    `SELECT g.id::text, p.index::int AS index, 'output ' || (p.problem->>'index') || ' of generation ' || g.id AS subject,
       g.project_id::text AS project, p.problem->>'sha256' AS sha256, (p.problem->>'sizeBytes')::float8 AS "sizeBytes"
     FROM generations g, LATERAL jsonb_array_elements(g.output_problems) WITH ORDINALITY AS p (problem, index)
     WHERE g.id >= $1 AND g.id <= $2 AND g.output_problems <> '[]' AND (g.id > $1 OR p.index > $3)
       AND p.problem->>'sha256' IS NOT NULL
     ORDER BY g.id, p.index LIMIT $4`,
    [after.id, last, after.index, limit],
  );
  const found = rows.map(
    ({ id, index, ...row }): Expected => ({ ...row, place: { of: 'OUTPUTS', id, index } }),
  );
  if (rows.length === limit) return { rows: found, next: found.at(-1)?.place ?? null };
  return { rows: found, next: count < runsAtOnce ? null : { of: 'OUTPUTS', id: last, index: lastIndex } };
}

/** Whether a row still names the bytes. False when the row, or its project, was removed since it was read. */
export async function isExpected(client: pg.ClientBase, { project, sha256 }: Expected): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM projects p WHERE p.id = $1 AND p.deleting_at IS NULL AND (
       EXISTS (SELECT FROM images i WHERE i.project_id = p.id AND i.sha256 = $2)
       OR EXISTS (SELECT FROM generations g WHERE g.project_id = p.id
         AND g.output_problems @> jsonb_build_array(jsonb_build_object('sha256', $2::text))))`,
    [project, sha256],
  );
  return rowCount === 1;
}
