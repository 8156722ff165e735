import type { TaskContext } from '../../platform/context.ts';
import type { HistoryRow } from '../../platform/segmind/history.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { matchHistory, type Rival } from './match-history.ts';
import type { Finding, UncertainRun, Witness } from './witness.ts';

const dayMs = 86_400_000;
/** The list goes back 31 days, and one day more is requested on either side. */
const oldestMs = 28 * dayMs;

/** The witness that reads the provider's list of past runs. */
export function historyWitness(ctx: Pick<TaskContext, 'db' | 'config' | 'log'>): Witness {
  const { RECONCILE_AFTER_MS, SEGMIND_SUBMIT_TIMEOUT_MS, SEGMIND_RETENTION_MS, SEGMIND_FAILED_RUNS } =
    ctx.config;
  const areFailuresCharged = SEGMIND_FAILED_RUNS === 'charged';

  return {
    name: 'HISTORY',
    async examine(account, runs) {
      const findings = new Map<string, Finding>();
      const recent = runs.filter(
        ({ ageMs, since, attemptedAt }) => ageMs + attemptedAt.getTime() - since.getTime() < oldestMs,
      );
      if (!account.hasHistory || recent.length === 0) return findings;
      const deadlineMs = SEGMIND_SUBMIT_TIMEOUT_MS + RECONCILE_AFTER_MS;
      // A run that is not in the list of runs with a picture may still be running, until the provider's retention ends.
      const absentAfterMs = account.isHistoryWhole ? deadlineMs : SEGMIND_RETENTION_MS + deadlineMs;
      for (const [slug, ofModel] of Map.groupBy(recent, ({ model }) => model)) {
        const rows = await readRows(account, slug, ofModel);
        if (rows === null) {
          ctx.log.debug({ account: account.accountId }, 'the provider offers no list of runs');
          return null;
        }
        const found = matchHistory(ofModel, {
          rows,
          claimed: await findClaimed(ctx, account.accountId, rows),
          rivals: await findRivals(ctx, account.accountId, ofModel),
          provesAbsence: ({ ageMs }) =>
            ageMs > absentAfterMs && (account.isHistoryWhole || !areFailuresCharged),
          areFailuresCharged,
        });
        for (const [id, finding] of found) findings.set(id, finding);
      }
      return findings;
    },
  };
}

/**
 * The rows of the list; null when there is no list. Its time zone is not documented, so a day more is read on each
 * side.
 */
async function readRows(
  account: Segmind,
  slug: string,
  runs: readonly UncertainRun[],
): Promise<readonly HistoryRow[] | null> {
  const times = runs.map(({ since }) => since.getTime());
  const now = Math.max(...runs.map(({ attemptedAt, ageMs }) => attemptedAt.getTime() + ageMs));
  try {
    return await account.generations({
      slug,
      from: new Date(Math.min(...times) - dayMs),
      to: new Date(now + dayMs),
    });
  } catch (error) {
    if (error instanceof SegmindError && error.httpStatus === 404) return null;
    throw error;
  }
}

async function findClaimed(
  { db }: Pick<TaskContext, 'db'>,
  providerAccount: string,
  rows: readonly HistoryRow[],
): Promise<Set<string>> {
  const ids = rows.flatMap(({ requestId }) => (requestId === null ? [] : [requestId]));
  const known = await db.$queryRaw<{ id: string }[]>`
    SELECT provider_request_id AS id FROM generations
    WHERE provider_account = ${providerAccount} AND provider_request_id = ANY(${ids}::text[])`;
  return new Set(known.map(({ id }) => id));
}

/** Runs with the same seeds that were submitted, or may have been, and whose request ids are not known. */
async function findRivals(
  { db }: Pick<TaskContext, 'db'>,
  providerAccount: string,
  runs: readonly UncertainRun[],
): Promise<Rival[]> {
  const seeds = runs.map(({ seed }) => seed);
  const [since] = runs.map((run) => run.since).toSorted((one, other) => one.getTime() - other.getTime());
  return db.$queryRaw<Rival[]>`
    SELECT model, seed, attempted_at AS "attemptedAt" FROM generations
    WHERE provider_account = ${providerAccount} AND attempted_at > ${since}::timestamptz - interval '2 days'
      AND seed = ANY(${seeds}::bigint[]) AND provider_request_id IS NULL
      AND status NOT IN ('AWAITING_APPROVAL', 'QUEUED', 'UNCERTAIN', 'CANCELED')
      AND coalesce(cost_source, '') NOT IN ('NOT_CHARGED', 'NOT_SUBMITTED')`;
}
