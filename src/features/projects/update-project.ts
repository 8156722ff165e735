import { InputProblem } from '../../errors.ts';
import type { Transaction } from '../../platform/db/connect.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { type Asker, authorize } from '../access/authorize.ts';
import { lockStandingProject } from '../access/lock-project.ts';
import { recordAudit } from '../access/record-audit.ts';
import { recordEvent } from '../access/record-event.ts';
import { findProject, type ProjectRow } from './project.queries.ts';
import type { UpdateProjectInput } from './project.type.ts';

/**
 * Changes the time zone of a project's reports and budgets, from now on. Amounts that are booked keep their day. An
 * open period of a budget keeps its end, and the next period begins there; a trigger in the database keeps this. Throws
 * NotFound, Forbidden, InputProblem for a name that is no zone, and Conflict for a project that is being deleted.
 */
export async function updateProject(ctx: Asker, input: UpdateProjectInput): Promise<ProjectRow> {
  const { id } = await findProject(ctx, fromGlobalId('Project', input.id));
  await authorize(ctx, id, 'MANAGE_BUDGETS');
  return ctx.db.$transaction(async (tx) => {
    await lockStandingProject(tx, id, 'id');
    const before = await tx.project.findUniqueOrThrow({ where: { id } });
    const timeZone = input.timeZone == null ? before.timeZone : await findZone(tx, input.timeZone);
    if (timeZone === before.timeZone) return before;
    const after = await tx.project.update({ where: { id }, data: { timeZone } });
    await recordAudit(tx, ctx.viewer, {
      projectId: id,
      action: 'PROJECT_UPDATED',
      target: { type: 'Project', id },
      details: { timeZone, previousTimeZone: before.timeZone },
    });
    await recordEvent(tx, { projectId: id, kind: 'PROJECT_UPDATED' });
    return after;
  });
}

/**
 * The zone's name as the database writes it. Offsets and abbreviations are refused, because they have no summer time.
 */
async function findZone(tx: Transaction, name: string): Promise<string> {
  const [zone] = await tx.$queryRaw<{ name: string }[]>`
    SELECT name FROM pg_timezone_names
    WHERE lower(name) = lower(${name}) AND (name LIKE '%/%' AND name NOT LIKE 'posix/%' OR name = 'UTC')`;
  if (zone && isKnownHere(zone.name)) return zone.name;
  const message = `timeZone must be the IANA name of a zone, such as "Europe/Berlin"; got "${name.slice(0, 100)}".`;
  throw new InputProblem(['input', 'timeZone'], message);
}

function isKnownHere(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
