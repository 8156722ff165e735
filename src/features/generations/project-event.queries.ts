import { BadArgument } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import type { ProjectEvent as ProjectEventRow } from '../../platform/db/generated/client.ts';
import { Loaders } from '../../platform/graphql/loaders.ts';
import { refuseEnded } from '../access/review-access.ts';
import { findProject } from '../projects/project.queries.ts';
import { findGeneration } from './generation.queries.ts';
import { isAtRest } from './generation-state.ts';
import { type GenerationRow, readProgress } from './progress.ts';

export type { ProjectEventRow };

type Follower = Uses<'db' | 'viewer' | 'events'>;

/** Events are read from the table this many at a time. */
const batchSize = 200;

/**
 * A project's events behind `after`, or from now on when it is left out; then each new one as it is committed.
 * May I, and is the project there, is asked before the first. Throws NotFound, BadArgument.
 */
export async function followProject(
  ctx: Follower,
  projectId: string,
  after: number | null,
): Promise<AsyncGenerator<ProjectEventRow, void>> {
  const project = await findProject({ ...ctx, loaders: new Loaders() }, projectId);
  if (after !== null && after < 0) throw new BadArgument(`after must be at least 0; got ${after}.`);
  let last = after === null ? project.lastSequence : BigInt(after);
  return ctx.events.follow(projectId, async function* () {
    for (;;) {
      const events = await ctx.db.projectEvent.findMany({
        where: { projectId, sequence: { gt: last } },
        orderBy: { sequence: 'asc' },
        take: batchSize,
      });
      // After reading: what was committed before the access ended may be told, what came later is not.
      if (events.length > 0) await refuseEnded(ctx, projectId, 'Project');
      for (const event of events) {
        last = event.sequence;
        yield event;
      }
      if (events.length < batchSize) return false;
    }
  });
}

/**
 * A run as it stands, then as it stood after each change, in order; ends once the run is at rest. Throws NotFound.
 */
export async function followGeneration(
  ctx: Follower,
  id: string,
): Promise<AsyncGenerator<GenerationRow, void>> {
  const { projectId } = await findGeneration({ ...ctx, loaders: new Loaders() }, id);
  let last: bigint | undefined;
  return ctx.events.follow(projectId, async function* () {
    if (last === undefined) {
      // The row and the number of its newest event must be of one moment, or a change is told twice or never.
      const [row, newest] = await ctx.db.$transaction(
        [
          ctx.db.generation.findUniqueOrThrow({ where: { id } }),
          ctx.db.projectEvent.aggregate({ where: { generationId: id }, _max: { sequence: true } }),
        ],
        { isolationLevel: 'RepeatableRead' },
      );
      last = newest._max.sequence ?? 0n;
      yield row;
      if (isAtRest(row.status)) return true;
    }
    const events = await ctx.db.projectEvent.findMany({
      where: { generationId: id, sequence: { gt: last } },
      orderBy: { sequence: 'asc' },
      include: { generation: true },
    });
    if (events.length > 0) await refuseEnded(ctx, projectId, 'Generation');
    for (const { sequence, generation, progress } of events) {
      last = sequence;
      if (!generation) continue;
      const row = readProgress(generation, progress);
      yield row;
      if (isAtRest(row.status)) return true;
    }
    return false;
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
