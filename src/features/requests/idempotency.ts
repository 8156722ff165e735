import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { sharedRead } from '../../platform/db/turns.ts';
import type { GenerationRow } from '../generations/progress.ts';
import type { RunRequest } from './read-request.ts';

/** The name of a request, with which a client can send it again. */
interface RequestName {
  readonly projectId: string;
  readonly idempotencyKey: string;
}

/**
 * The run that this request was answered with before; null when there is none, or the request has no key. Throws
 * Conflict when the key was used for another request.
 */
export async function findAnswered(
  ctx: Uses<'db'>,
  {
    projectId,
    idempotencyKey,
    requestHash,
  }: Pick<RunRequest, 'projectId' | 'idempotencyKey' | 'requestHash'>,
): Promise<GenerationRow | null> {
  if (idempotencyKey === null) return null;
  const answered = await readAnswered(ctx.db, { projectId, idempotencyKey });
  if (!answered) return null;
  if (answered.requestHash !== requestHash) throw keyReused();
  return ctx.db.generation.findUnique({ where: { id: answered.id } });
}

const readAnswered = sharedRead('answered requests', async (db, asked: readonly RequestName[]) => {
  const [projects, keys] = [
    asked.map(({ projectId }) => projectId),
    asked.map(({ idempotencyKey }) => idempotencyKey),
  ];
  const found = await db.$queryRaw<{ place: number; id: string; requestHash: string }[]>`
    SELECT asked.place::int AS place, answer.id::text AS id, answer.request_hash AS "requestHash"
    FROM unnest(${projects}::uuid[], ${keys}::text[]) WITH ORDINALITY asked(project_id, idempotency_key, place), LATERAL (
      SELECT g.id, g.request_hash FROM generations g
        WHERE g.project_id = asked.project_id AND g.environment = provider_environment()
          AND g.idempotency_key = asked.idempotency_key
      UNION ALL SELECT k.generation_id, k.request_hash FROM answered_keys k
        WHERE k.project_id = asked.project_id AND k.environment = provider_environment()
          AND k.idempotency_key = asked.idempotency_key
    ) answer`;
  const byPlace = new Map(found.map((answer) => [answer.place, answer]));
  return asked.map((_, index) => byPlace.get(index + 1) ?? null);
});

/** The refusal of a key that was used for another request. */
export function keyReused(): Conflict {
  const message = 'This idempotency key was used for a different request.';
  return new Conflict('IDEMPOTENCY_KEY_REUSED', message, ['input', 'idempotencyKey']);
}
