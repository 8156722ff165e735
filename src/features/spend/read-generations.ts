import { dayMs } from '../../days.ts';
import { formatMicros } from '../../money.ts';
import type { Uses } from '../../platform/context.ts';
import { databaseTime } from '../../platform/db/clock.ts';
import { globalIdOf } from '../../platform/reads/global-id.ts';
import type { Portions, Span } from './portions.ts';

/** The columns of the export of runs. */
export const generationColumns = [
  'id',
  'characterId',
  'characterName',
  'model',
  'status',
  'prompt',
  'requestedAt',
  'finishedAt',
  'seconds',
  'hold',
  'cost',
  'costSource',
  'failureCode',
  'pictures',
  'discarded',
  'batch',
  'userId',
  'apiKeyId',
] as const;

/** The range of days for runs that have no stored day, because they are older than time zones of projects: by UTC. */
function dayOfUtc(from: Date | null, to: Date | null) {
  return { gte: from ?? undefined, lt: to === null ? undefined : new Date(to.getTime() + dayMs) };
}

/** A project's runs in the order of their requests, up to now by the database's clock. */
export async function* readGenerations(
  { db, segmind }: Uses<'db' | 'segmind'>,
  { projectId, from, to, portion }: Span & { readonly projectId: string },
): Portions<typeof generationColumns> {
  const days = { gte: from ?? undefined, lte: to ?? undefined };
  // A day of any time zone begins and ends within a day of the UTC day. These bounds are for the index, and the run's
  // own day decides.
  const earliest = from === null ? undefined : new Date(from.getTime() - dayMs);
  const until = to === null ? await databaseTime(db) : new Date(to.getTime() + 2 * dayMs);
  let after: { requestedAt: Date; id: string } | undefined;
  for (;;) {
    const rows = await db.generation.findMany({
      where: {
        projectId,
        environment: segmind.environment,
        requestedAt: { gte: after?.requestedAt ?? earliest, lt: until },
        OR: [{ requestedOn: days }, { requestedOn: null, requestedAt: dayOfUtc(from, to) }],
        // The bound above is for the index; this condition skips the runs that were sent already.
        NOT: after && { requestedAt: after.requestedAt, id: { lte: after.id } },
      },
      orderBy: [{ requestedAt: 'asc' }, { id: 'asc' }],
      take: portion,
      select: {
        id: true,
        characterId: true,
        character: { select: { name: true } },
        model: true,
        status: true,
        prompt: true,
        requestedAt: true,
        finishedAt: true,
        inferenceSeconds: true,
        holdMicros: true,
        costMicros: true,
        costSource: true,
        failureCode: true,
        pictures: true,
        discarded: true,
        batch: true,
        userId: true,
        apiKeyId: true,
      },
    });
    yield rows.map((row) => ({
      id: globalIdOf('Generation', row.id),
      characterId: globalIdOf('Character', row.characterId),
      characterName: row.character.name,
      model: row.model,
      status: row.status,
      prompt: row.prompt,
      requestedAt: row.requestedAt.toISOString(),
      finishedAt: row.finishedAt?.toISOString() ?? null,
      seconds: row.inferenceSeconds,
      hold: formatMicros(row.holdMicros),
      cost: row.costMicros === null ? null : formatMicros(row.costMicros),
      costSource: row.costSource,
      failureCode: row.failureCode,
      pictures: row.pictures,
      discarded: row.discarded,
      batch: row.batch,
      userId: globalIdOf('User', row.userId),
      apiKeyId: globalIdOf('ApiKey', row.apiKeyId),
    }));
    after = rows.at(-1);
    if (rows.length < portion) return;
  }
}
