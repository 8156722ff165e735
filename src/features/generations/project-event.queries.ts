import { BadArgument, Unavailable } from '../../errors.ts';
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
  if (after !== null && after > project.lastSequence)
    throw new BadArgument(
      `after is ${after}, and the newest event is ${project.lastSequence}: the database has gone back. Read the project anew, and go on from there.`,
    );
  return new Followed({
    name: `project ${projectId}`,
    projectId,
    what: 'Project',
    after: after === null ? project.lastSequence : BigInt(after),
    async read(last) {
      const events = await ctx.db.projectEvent.findMany({
        where: { projectId, sequence: { gte: last ?? 0n } },
        orderBy: { sequence: 'asc' },
        take: stepsAtOnce + 1,
      });
      const newest = async () =>
        (await ctx.db.project.findUnique({ where: { id: projectId } }))?.lastSequence ?? last;
      const news = await eventsBehind(last, events, newest);
      return news.map((event) => ({ sequence: event.sequence, value: event, isLast: false }));
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
  const newestEvent = () =>
    ctx.db.projectEvent.aggregate({ where: { generationId: id }, _max: { sequence: true } });
  return new Followed({
    name: `generation ${id}`,
    projectId,
    what: 'Generation',
    after: null,
    async read(last) {
      if (last === null) {
        // The row and the number of its newest event must be of one moment, or a change is told twice or never.
        const [row, newest] = await ctx.db.$transaction(
          [ctx.db.generation.findUniqueOrThrow({ where: { id } }), newestEvent()],
          { isolationLevel: 'RepeatableRead' },
        );
        return [step(newest._max.sequence ?? 0n, row)];
      }
      const events = await ctx.db.projectEvent.findMany({
        where: { generationId: id, sequence: { gte: last } },
        orderBy: { sequence: 'asc' },
        take: stepsAtOnce + 1,
        include: { generation: true },
      });
      const news = await eventsBehind(last, events, async () => (await newestEvent())._max.sequence);
      return news.flatMap(({ sequence, generation, progress }) =>
        generation ? [step(sequence, readProgress(generation, progress))] : [],
      );
    },
  });
}

/**
 * The events behind the one that was told last. That one was read with them: while a project is there, none of its events
 * is removed. Throws Unavailable when the database has gone back to before it, since new events get numbers that were told
 * already.
 */
async function eventsBehind<Event extends { readonly sequence: bigint }>(
  last: bigint | null,
  read: readonly Event[],
  newest: () => Promise<bigint | null>,
): Promise<Event[]> {
  const events = read.filter(({ sequence }) => last === null || sequence > last).slice(0, stepsAtOnce);
  const isThere = last === null || last === 0n || read[0]?.sequence === last;
  if (!isThere && ((await newest()) ?? 0n) < last)
    throw new Unavailable('The database has gone back to an older state. Subscribe anew.');
  return events;
}

/** The run that an event is about, as it stood at that event; null for other events. */
export async function generationOfEvent(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  event: ProjectEventRow,
): Promise<GenerationRow | null> {
  if (event.generationId === null) return null;
  return readProgress(await findGeneration(ctx, event.generationId), event.progress);
}
