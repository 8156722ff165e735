import type { TaskContext } from '../../platform/context.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { recordEvent } from '../access/record-event.ts';
import { writeEventWait } from './event-wait.ts';
import type { Incident } from './judge-incidents.ts';
import { waitsFor } from './waiting-runs.ts';

type Tools = Pick<TaskContext, 'db' | 'segmind' | 'serverAccount'>;

/** The number of projects of one call; between two calls the work can be stopped. */
const portion = 50;

/**
 * Publishes the events of an incident. Each project whose runs wait gets an event of its begin, and after its end each
 * of these projects gets an event of the end. A notice records the projects that got the first event. It is written or
 * removed in the transaction of the event, so each project gets one event of each kind, whichever process works and
 * wherever it is killed. Resolves to whether there may be more projects.
 */
export async function publishIncident(ctx: Tools, incident: Incident): Promise<boolean> {
  if (incident.endedAt === null && incident.clearedAt !== null) return false;
  const isOver = incident.endedAt !== null;
  const ids = isOver ? await findNotified(ctx, incident) : await findUnnotified(ctx, incident);
  // One by one: each locks its project, and no transaction holds two.
  for (const projectId of ids) await publishIn(ctx, projectId, incident);
  return ids.length === portion;
}

async function findUnnotified(ctx: Tools, incident: Incident): Promise<string[]> {
  const rows = await ctx.db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT g.project_id::text AS id FROM ${waitsFor(ctx, incident)} AND NOT EXISTS (
      SELECT 1 FROM provider_notices n WHERE n.project_id = g.project_id AND ${isNoticeOf(incident)})
    LIMIT ${portion}`;
  return rows.map(({ id }) => id);
}

async function findNotified(ctx: Tools, incident: Incident): Promise<string[]> {
  const { account: providerAccount, reason } = incident;
  const notices = await ctx.db.providerNotice.findMany({ where: { providerAccount, reason }, take: portion });
  return notices.map(({ projectId }) => projectId);
}

function isNoticeOf({ account, reason }: Incident): Prisma.Sql {
  return Prisma.sql`n.provider_account = ${account} AND n.reason = ${reason}`;
}

/** Writes the event, unless another process has written it or the incident has changed meanwhile. */
async function publishIn({ db }: Tools, projectId: string, incident: Incident): Promise<void> {
  const { account, reason, endedAt } = incident;
  await db.$transaction(async (tx) => {
    // The project is locked first, as by every transaction that writes in a project.
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
