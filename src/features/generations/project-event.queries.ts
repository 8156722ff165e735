import { BadArgument } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { ProjectEvent as ProjectEventRow } from '../../platform/db/generated/client.ts';
import { Followed, type Step, stepsAtOnce } from '../../platform/events/followed.ts';
import { Loaders } from '../../platform/graphql/loaders.ts';
import { findProject } from '../projects/project.queries.ts';
import { findGeneration } from './generation.queries.ts';
import { isAtRest } from './generation-state.ts';
import { type GenerationRow, readProgress } from './progress.ts';

export type { ProjectEventRow };

type Follower = Uses<'db' | 'viewer'>;

/**
 * A project's events behind `after`, or from now on when it is left out; then each new one as it is committed.
 * May I, and is the project there, is asked before the first. Throws NotFound, BadArgument.
 */
export async function followProject(
  ctx: Follower,
  projectId: string,
  after: number | null,
): Promise<Followed> {
  const project = await findProject({ ...ctx, loaders: new Loaders() }, projectId);
  if (after !== null && after < 0) throw new BadArgument(`after must be at least 0; got ${after}.`);
  return new Followed({
    name: `project ${projectId}`,
    projectId,
    what: 'Project',
    after: after === null ? project.lastSequence : BigInt(after),
    async read(last) {
      const events = await ctx.db.projectEvent.findMany({
        where: { projectId, sequence: { gt: last ?? 0n } },
        orderBy: { sequence: 'asc' },
        take: stepsAtOnce,
      });
      return events.map((event) => ({ sequence: event.sequence, value: event, isLast: false }));
    },
  });
}

/**
 * A run as it stands, then as it stood after each change, in order; ends once the run is at rest. Throws NotFound.
 */
export async function followGeneration(ctx: Follower, id: string): Promise<Followed> {
  const { projectId } = await findGeneration({ ...ctx, loaders: new Loaders() }, id);
  const step = (sequence: bigint, row: GenerationRow): Step => ({
    sequence,
    value: row,
    isLast: isAtRest(row.status),
  });
  return new Followed({
    name: `generation ${id}`,
    projectId,
    what: 'Generation',
    after: null,
    async read(last) {
      if (last === null) {
        // The row and the number of its newest event must be of one moment, or a change is told twice or never.
        const [row, newest] = await ctx.db.$transaction(
          [
            ctx.db.generation.findUniqueOrThrow({ where: { id } }),
            ctx.db.projectEvent.aggregate({ where: { generationId: id }, _max: { sequence: true } }),
          ],
          { isolationLevel: 'RepeatableRead' },
        );
        return [step(newest._max.sequence ?? 0n, row)];
      }
      const events = await ctx.db.projectEvent.findMany({
        where: { generationId: id, sequence: { gt: last } },
        orderBy: { sequence: 'asc' },
        take: stepsAtOnce,
        include: { generation: true },
      });
      return events.flatMap(({ sequence, generation, progress }) =>
        generation ? [step(sequence, readProgress(generation, progress))] : [],
      );
    },
  });
}

/** The run that an event is about, as it stood at that event; null for other events. */
export async function generationOfEvent(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  event: ProjectEventRow,
): Promise<GenerationRow | null> {
  if (event.generationId === null) return null;
  return readProgress(await findGeneration(ctx, event.generationId), event.progress);
}
