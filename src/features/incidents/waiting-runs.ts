import type { TaskContext } from '../../platform/context.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { nilId } from '../../platform/db/nil-id.ts';
import { wakeups } from '../generations/queue/wakeup.ts';
import type { Incident } from './judge-incidents.ts';

type Tools = Pick<TaskContext, 'db' | 'segmind' | 'serverAccount' | 'jobs'>;

/**
 * What follows FROM to find the runs `g` that wait for the end of an incident: all who wait for the provider, or those of
 * the account. A run that the provider has belongs to the account that took it, another one to the account of its project.
 */
export function waitsFor(
  { segmind, serverAccount }: Pick<Tools, 'segmind' | 'serverAccount'>,
  { account, reason }: Pick<Incident, 'account' | 'reason'>,
): Prisma.Sql {
  const { environment } = segmind;
  return Prisma.sql`generations g LEFT JOIN provider_keys k
    ON k.project_id = g.project_id AND k.removed_at IS NULL AND k.environment = ${environment}
    WHERE g.waiting_for = ${reason} AND (${account} = ${environment} OR ${account} = CASE
      WHEN g.status = 'QUEUED' THEN coalesce(k.account, ${serverAccount}) ELSE g.provider_account END)`;
}

const portion = 500;
/** A run may have seen the pause right before it was over, and gone to sleep right after. */
const lateMs = 1_000;

/**
 * Lets the runs that wait for the end of an incident have their turns at once, in portions: they are in the queue, with a
 * wake-up that comes late. A run that is not reached here wakes then.
 */
export async function wakeWaiting(ctx: Tools, incident: Incident, signal: AbortSignal): Promise<void> {
  if (incident.clearedAt === null) return;
  const sentBefore = new Date(incident.clearedAt.getTime() + lateMs);
  let last: string = nilId;
  while (!signal.aborted) {
    const runs = await ctx.db.$queryRaw<{ id: string; wakeupId: string }[]>`
      SELECT g.id::text AS id, g.wakeup_id::text AS "wakeupId" FROM ${waitsFor(ctx, incident)}
        AND g.status = 'QUEUED' AND g.id > ${last}::uuid ORDER BY g.id LIMIT ${portion}`;
    await ctx.jobs.hasten(
      wakeups,
      runs.map(({ wakeupId }) => wakeupId),
      sentBefore,
    );
    const next = runs.at(-1);
    if (!next || runs.length < portion) return;
    last = next.id;
  }
}
