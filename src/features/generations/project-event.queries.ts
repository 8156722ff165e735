import { BadArgument } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { Followed, type Step, stepsAtOnce } from '../../platform/events/followed.ts';
import { Loaders } from '../../platform/graphql/loaders.ts';
import { findProject } from '../projects/project.queries.ts';
import { readKept, readState, type ToldEvent, wentBack } from './event-history.ts';
import { findGeneration } from './generation.queries.ts';
import { isAtRest } from './generation-state.ts';
import { type GenerationRow, readProgress } from './progress.ts';

export type { ToldEvent };

type Follower = Uses<'db' | 'viewer'>;

/**
 * A project's events behind `after`, or from now on when it is left out; then each new one as it is committed. Where the
 * first events behind `after` were removed it begins with the state as it stands. May I, and is the project there, is asked
 * before the first. Throws NotFound, BadArgument.
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
      const events = await readEvents(ctx, projectId, last ?? 0n);
      return events.map((event) => ({ sequence: event.sequence, value: event, isLast: false }));
    },
  });
}

/** The events behind `last`, which was read with them, or else may have been removed. Throws Unavailable. */
async function readEvents(ctx: Follower, projectId: string, last: bigint): Promise<ToldEvent[]> {
  const read = () =>
    ctx.db.projectEvent.findMany({
      where: { projectId, sequence: { gte: last } },
      orderBy: { sequence: 'asc' },
      take: stepsAtOnce + 1,
    });
  const events = await read();
  if (last > 0n && events[0]?.sequence === last) return events.slice(1);
  if (events[0]?.sequence === last + 1n) return events.slice(0, stepsAtOnce);
  const kept = await readKept(ctx, projectId, last);
  if (!kept || kept.newest === last) return [];
  // Read once more: an event that was just committed is missing in what was read before the newest number was.
  const again = (await read()).filter(({ sequence }) => sequence > last).slice(0, stepsAtOnce);
  const [first] = again;
  if (first?.sequence === last + 1n) return again;
  return readState(ctx, projectId, { after: last, keptFrom: first?.sequence ?? kept.newest + 1n });
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
  async function present(): Promise<Step> {
    // The row and the number of its newest event must be of one moment, or a change is told twice or never.
    const [row, newest] = await ctx.db.$transaction(
      [
        ctx.db.generation.findUniqueOrThrow({ where: { id } }),
        ctx.db.projectEvent.aggregate({ where: { generationId: id }, _max: { sequence: true } }),
      ],
      { isolationLevel: 'RepeatableRead' },
    );
    return step(newest._max.sequence ?? 0n, row);
  }
  return new Followed({
    name: `generation ${id}`,
    projectId,
    what: 'Generation',
    after: null,
    async read(last) {
      if (last === null) return [await present()];
      const events = await ctx.db.projectEvent.findMany({
        where: { generationId: id, sequence: { gte: last } },
        orderBy: { sequence: 'asc' },
        take: stepsAtOnce + 1,
        include: { generation: true },
      });
      if (last > 0n && events[0]?.sequence !== last) {
        const kept = await readKept(ctx, projectId, last);
        if (!kept) return [];
        // The number is another event's now.
        if (kept.oldest !== null && kept.oldest <= last) throw wentBack();
        // It was removed for its age, and those behind it may have been as well.
        const now = await present();
        return now.sequence > last ? [now] : [];
      }
      return events
        .filter(({ sequence }) => sequence > last)
        .slice(0, stepsAtOnce)
        .flatMap(({ sequence, generation, progress }) =>
          generation ? [step(sequence, readProgress(generation, progress))] : [],
        );
    },
  });
}

/** The run that an event is about, as it stood at that event; as it stands for GENERATION_STATE; null for other events. */
export async function generationOfEvent(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  { generationId, kind, progress }: ToldEvent,
): Promise<GenerationRow | null> {
  if (generationId === null) return null;
  const row = await findGeneration(ctx, generationId);
  return kind === 'GENERATION_STATE' ? row : readProgress(row, progress);
}
