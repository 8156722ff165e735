import type { ReferenceImageKind } from '../../catalogue/model.ts';
import { sharedRead } from '../../platform/db/turns.ts';

/** The columns of a reference image that a run keeps. */
export interface NewestReference {
  readonly id: string;
  readonly imageId: string;
  readonly sha256: string;
  readonly contentType: string;
}

/**
 * The newest reference image of a kind with its picture; null for none. The caller has checked that the viewer may see
 * the character.
 */
export const newestReference = sharedRead(
  'newest references',
  async (db, asked: readonly { characterId: string; kind: ReferenceImageKind }[]) => {
    const [characters, kinds] = [asked.map(({ characterId }) => characterId), asked.map(({ kind }) => kind)];
    const found = await db.$queryRaw<(NewestReference & { place: number })[]>`
      SELECT asked.place::int AS place, r.* FROM unnest(${characters}::uuid[], ${kinds}::text[]) WITH ORDINALITY
        AS asked(character_id, kind, place), LATERAL (
          SELECT r.id::text AS id, i.id::text AS "imageId", i.sha256, i.content_type AS "contentType"
          FROM reference_images r JOIN images i ON i.id = r.image_id
          WHERE r.character_id = asked.character_id AND r.kind::text = asked.kind
          ORDER BY r.created_at DESC, r.id DESC LIMIT 1
        ) r`;
    const byPlace = new Map(found.map(({ place, ...reference }) => [place, reference]));
    return asked.map((_, index) => byPlace.get(index + 1) ?? null);
  },
);
