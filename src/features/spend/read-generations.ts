import { dayMs, dayText } from '../../days.ts';
import { formatMicrosText } from '../../money.ts';
import type { Uses } from '../../platform/context.ts';
import { databaseTime } from '../../platform/db/clock.ts';
import { globalIdOf } from '../../platform/reads/global-id.ts';
import { isoTime } from '../../platform/reads/moment.ts';
import { type Portions, readPortions, type Span } from './portions.ts';

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

const selected = `g.id, g.requested_at, g.character_id, c.name, g.model, g.status, g.prompt, g.finished_at,
  g.inference_seconds, g.hold_micros, g.cost_micros, g.cost_source, g.failure_code, g.pictures, g.discarded, g.batch,
  g.user_id, g.api_key_id`;

/** A project's runs in the order of their requests, up to now by the database's clock. */
export async function* readGenerations(
  ctx: Uses<'db' | 'segmind' | 'reader'>,
  { projectId, from, to, ...span }: Span & { readonly projectId: string },
): Portions {
  // A day of any time zone begins and ends within a day of the UTC day. These bounds are for the index, and the run's
  // own day decides.
  const earliest = from === null ? null : new Date(from.getTime() - dayMs);
  const until = to === null ? await databaseTime(ctx.db) : new Date(to.getTime() + 2 * dayMs);
  yield* readPortions<typeof generationColumns>(
    ctx,
    span,
    (bind, after) => {
      const [id = null, requestedAt = null] = after ?? [];
      const conditions = [
        `g.project_id = ${bind(projectId)}::uuid AND g.environment = ${bind(ctx.segmind.environment)}`,
        `g.requested_at < ${bind(until.toISOString())}::timestamptz`,
        ...(earliest === null ? [] : [`g.requested_at >= ${bind(earliest.toISOString())}::timestamptz`]),
        ...(from === null ? [] : [`generation_day(g) >= ${bind(dayText(from))}::date`]),
        ...(to === null ? [] : [`generation_day(g) <= ${bind(dayText(to))}::date`]),
        ...(id === null || requestedAt === null
          ? []
          : [`(g.requested_at, g.id) > (${bind(requestedAt)}::timestamptz, ${bind(id)}::uuid)`]),
      ];
      return `SELECT ${selected} FROM generations g JOIN characters c ON c.id = g.character_id
        WHERE ${conditions.join(' AND ')} ORDER BY g.requested_at, g.id`;
    },
    ([
      id,
      requestedAt,
      character,
      name,
      model,
      status,
      prompt,
      finishedAt,
      seconds,
      hold,
      cost,
      ...others
    ]) => {
      const [costSource, failureCode, pictures, discarded, batch, user, key] = others;
      return [
        globalIdOf('Generation', id ?? null),
        globalIdOf('Character', character ?? null),
        name ?? null,
        model ?? null,
        status ?? null,
        prompt ?? null,
        isoTime(requestedAt ?? ''),
        finishedAt == null ? null : isoTime(finishedAt),
        seconds == null ? null : Number(seconds),
        formatMicrosText(hold ?? ''),
        cost == null ? null : formatMicrosText(cost),
        costSource ?? null,
        failureCode ?? null,
        Number(pictures),
        Number(discarded),
        batch ?? null,
        globalIdOf('User', user ?? null),
        globalIdOf('ApiKey', key ?? null),
      ];
    },
  );
}
