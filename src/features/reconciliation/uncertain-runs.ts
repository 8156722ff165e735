import { z } from 'zod';
import type { Uses } from '../../platform/context.ts';
import { longestAnswerMs } from '../generations/late-answer.ts';
import type { UncertainRun } from './witness.ts';

/** The most runs that are read, the oldest first. */
export const mostUncertain = 1_000;

const rowSchema = z.object({
  id: z.string(),
  projectId: z.string(),
  model: z.string(),
  seed: z.bigint(),
  parameters: z.record(z.string(), z.unknown()),
  references: z.string(),
  holdMicros: z.bigint(),
  priceMicros: z.bigint().nullable(),
  attemptToken: z.string().nullable(),
  since: z.date(),
  attemptedAt: z.date(),
  mayBeAnswered: z.boolean(),
  ageMs: z.number(),
});

/** The runs that an account may have been paid for, oldest first. */
export async function listUncertain(ctx: Uses<'db' | 'config'>, account: string): Promise<UncertainRun[]> {
  const rows = await ctx.db.$queryRaw<unknown[]>`
    SELECT id::text AS id, project_id::text AS "projectId", model, seed, parameters, "references"::text AS "references",
      hold_micros AS "holdMicros", price_micros AS "priceMicros", attempt_token::text AS "attemptToken",
      CASE WHEN attempt_token IS NULL THEN requested_at ELSE coalesce(attempted_at, requested_at) END AS since,
      coalesce(attempted_at, requested_at) AS "attemptedAt",
      NOT is_attempt_over AND attempted_at IS NOT NULL
        AND attempted_at > now() - ${longestAnswerMs(ctx.config)} * interval '1 millisecond' AS "mayBeAnswered",
      (extract(epoch FROM now() - coalesce(attempted_at, requested_at)) * 1000)::float8 AS "ageMs"
    FROM generations WHERE provider_account = ${account} AND status = 'UNCERTAIN'
    ORDER BY coalesce(attempted_at, requested_at), id LIMIT ${mostUncertain}`;
  return z.array(rowSchema).parse(rows);
}
