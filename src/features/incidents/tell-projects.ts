import type { TaskContext } from '../../platform/context.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { recordEvent } from '../access/record-event.ts';
import { writeEventWait } from './event-wait.ts';
import type { Incident } from './judge-incidents.ts';
import { waitsFor } from './waiting-runs.ts';

type Tools = Pick<TaskContext, 'db' | 'segmind' | 'serverAccount'>;

/** So many projects at a time; between two portions it can be stopped. */
const portion = 50;

/**
 * Tells projects of an incident: each one whose runs wait that it began, and after its end each one that was told so that it
 * is over. A notice remembers who was told, and is written or removed in the transaction of the event, so each project gets
 * one event of each kind, whichever process is at work and wherever it is killed. Resolves to whether there may be more.
 */
export async function tellProjects(ctx: Tools, incident: Incident): Promise<boolean> {
  if (incident.endedAt === null && incident.clearedAt !== null) return false;
  const isOver = incident.endedAt !== null;
  const ids = isOver ? await findTold(ctx, incident) : await findUntold(ctx, incident);
  // One by one: each locks its project, and no transaction holds two.
  for (const projectId of ids) await tell(ctx, projectId, incident);
  return ids.length === portion;
}

async function findUntold(ctx: Tools, incident: Incident): Promise<string[]> {
  const rows = await ctx.db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT g.project_id::text AS id FROM ${waitsFor(ctx, incident)} AND NOT EXISTS (
      SELECT 1 FROM provider_notices n WHERE n.project_id = g.project_id AND ${isNoticeOf(incident)})
    LIMIT ${portion}`;
  return rows.map(({ id }) => id);
}

async function findTold(ctx: Tools, { account: providerAccount, reason }: Incident): Promise<string[]> {
  const notices = await ctx.db.providerNotice.findMany({ where: { providerAccount, reason }, take: portion });
  return notices.map(({ projectId }) => projectId);
}

function isNoticeOf({ account, reason }: Incident): Prisma.Sql {
  return Prisma.sql`n.provider_account = ${account} AND n.reason = ${reason}`;
}

/** Writes the event unless another process has, or the incident has changed meanwhile. */
async function tell({ db }: Tools, projectId: string, incident: Incident): Promise<void> {
  const { account, reason, endedAt } = incident;
  await db.$transaction(async (tx) => {
    // The project first, like everybody who writes in it.
    await tx.$queryRaw`SELECT 1 AS one FROM projects WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
    const written =
      endedAt === null
        ? await tx.$executeRaw`
            INSERT INTO provider_notices (project_id, provider_account, reason)
            SELECT p.id, i.provider_account, i.reason FROM projects p, provider_incidents i
            WHERE p.id = ${projectId}::uuid AND i.provider_account = ${account} AND i.reason = ${reason} AND i.ended_at IS NULL
            ON CONFLICT DO NOTHING`
        : await tx.$executeRaw`
            DELETE FROM provider_notices n USING provider_incidents i
            WHERE n.project_id = ${projectId}::uuid AND ${isNoticeOf(incident)} AND i.ended_at IS NOT NULL
              AND i.provider_account = n.provider_account AND i.reason = n.reason`;
    if (written === 0) return;
    const kind = endedAt === null ? 'PROVIDER_WAIT_BEGAN' : 'PROVIDER_WAIT_ENDED';
    await recordEvent(tx, { projectId, kind, progress: writeEventWait(incident) });
  });
}
