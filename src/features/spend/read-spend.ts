import { dayText } from '../../days.ts';
import { formatMicros } from '../../money.ts';
import type { Uses } from '../../platform/context.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import { globalIdOf } from '../../platform/reads/global-id.ts';
import { medianSeconds } from './figures.ts';
import type { Portions, Span } from './portions.ts';

/** The columns of the export of spending. */
export const spendColumns = [
  'day',
  'projectId',
  'model',
  'characterId',
  'userId',
  'apiKeyId',
  'status',
  'amount',
  'runs',
  'failures',
  'pictures',
  'discarded',
  'medianSeconds',
] as const;

interface RowRead {
  readonly projectId: string;
  readonly day: Date;
  readonly model: string;
  readonly characterId: string;
  readonly userId: string | null;
  readonly apiKeyId: string | null;
  readonly status: string;
  readonly amount: bigint;
  readonly runs: bigint;
  readonly failures: bigint;
  readonly pictures: bigint;
  readonly discarded: bigint;
  readonly seconds: number[];
}

/** The rollups by all dimensions, in the order of their index. */
export async function* readSpend({ db }: Uses<'db'>, span: Span): Portions<typeof spendColumns> {
  const conditions = [
    Prisma.sql`environment = provider_environment() AND slice = 'ALL'`,
    ...(span.projectId === null ? [] : [Prisma.sql`project_id = ${span.projectId}::uuid`]),
    ...(span.from === null ? [] : [Prisma.sql`day >= ${span.from}::date`]),
    ...(span.to === null ? [] : [Prisma.sql`day <= ${span.to}::date`]),
  ];
  let after: RowRead | undefined;
  for (;;) {
    const behind = after && [
      Prisma.sql`(project_id, slice, day, model, character_id, user_id, api_key_id, status) > (${after.projectId}::uuid,
        'ALL', ${after.day}::date, ${after.model}, ${after.characterId}::uuid, ${after.userId ?? nilId}::uuid,
        ${after.apiKeyId ?? nilId}::uuid, ${after.status})`,
    ];
    const rows: RowRead[] = await db.$queryRaw<RowRead[]>`
      SELECT project_id::text AS "projectId", day, model, character_id::text AS "characterId",
        nullif(user_id, ${nilId}::uuid)::text AS "userId", nullif(api_key_id, ${nilId}::uuid)::text AS "apiKeyId",
        status, amount_micros AS amount, runs, failures, pictures, discarded, seconds
      FROM spend_rollups WHERE ${Prisma.join([...conditions, ...(behind ?? [])], ' AND ')}
      ORDER BY project_id, slice, day, model, character_id, user_id, api_key_id, status LIMIT ${span.portion}`;
    yield rows.map((row) => ({
      day: dayText(row.day),
      projectId: globalIdOf('Project', row.projectId),
      model: row.model,
      characterId: globalIdOf('Character', row.characterId),
      userId: globalIdOf('User', row.userId),
      apiKeyId: globalIdOf('ApiKey', row.apiKeyId),
      status: row.status,
      amount: formatMicros(row.amount),
      runs: Number(row.runs),
      failures: Number(row.failures),
      pictures: Number(row.pictures),
      discarded: Number(row.discarded),
      medianSeconds: medianSeconds(row.seconds),
    }));
    after = rows.at(-1);
    if (rows.length < span.portion) return;
  }
}
