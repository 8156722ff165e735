import { BadArgument } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { type Batch, Followed, type Step, stepsAtOnce } from '../../platform/events/followed.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import { findGeneration } from '../generations/generation.queries.ts';
import { isAtRest } from '../generations/generation-state.ts';
import { type GenerationRow, readProgress } from '../generations/progress.ts';
import { findProject } from '../projects/project.queries.ts';
import { readKept, readState, type SentEvent, type StatePage, wentBack } from './event-history.ts';

export type { SentEvent };

type Follower = Uses<'db' | 'viewer'>;

/**
 * A project's events after `after`, or from now on when it is left out; then each new event as it is committed. When
 * the first events after `after` were removed it begins with the present state. The project and the access to it are
 * checked before the first event. Throws NotFound, BadArgument.
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
      `after is ${after}, and the newest event is ${project.lastSequence}: the database was restored to an older state. Query the project again, and continue from there.`,
    );
  return new Followed({
    name: `project ${projectId}`,
    projectId,
    what: 'Project',
    after: after === null ? project.lastSequence : BigInt(after),
    read: (last) => readEvents(ctx, projectId, last ?? 0n),
  });
}

/** The events after `last`. The event `last` itself is read too, unless it was removed. Throws Unavailable. */
async function readEvents(ctx: Follower, projectId: string, last: bigint): Promise<Batch> {
  const batchOf = (behind: readonly SentEvent[]): Batch => {
    const events = behind.slice(0, stepsAtOnce);
    const newest = events.at(-1)?.sequence ?? last;
    return {
      steps: events.map(stepOf),
      readOn: events.length === stepsAtOnce ? () => readEvents(ctx, projectId, newest) : null,
    };
  };
  const read = () =>
    ctx.db.projectEvent.findMany({
      where: { projectId, sequence: { gte: last } },
      orderBy: { sequence: 'asc' },
      take: stepsAtOnce + 1,
    });
  const events = await read();
  if (last > 0n && events[0]?.sequence === last) return batchOf(events.slice(1));
  if (events[0]?.sequence === last + 1n) return batchOf(events);
  const kept = await readKept(ctx, projectId, last);
  if (!kept || kept.newest === last) return batchOf([]);
  // Read again, because an event may have been committed after the first read and before the newest number was read.
  const again = (await read()).filter(({ sequence }) => sequence > last);
  const [first] = again;
  if (first?.sequence === last + 1n) return batchOf(again);
  const keptFrom = first?.sequence ?? kept.newest + 1n;
  return statesFrom(await readState(ctx, projectId, { after: last, keptFrom }), () =>
    readEvents(ctx, projectId, keptFrom - 1n),
  );
}

/** After the state come the stored events. */
function statesFrom({ events, readOn }: StatePage, readStored: () => Promise<Batch>): Batch {
  return {
    steps: events.map(stepOf),
    readOn: readOn ? async () => statesFrom(await readOn(), readStored) : readStored,
  };
}

const stepOf = (event: SentEvent): Step => ({ sequence: event.sequence, value: event, isLast: false });

/**
 * A run's present state, then its state after each change, in order; ends when the run is at rest. Throws NotFound.
 */
export async function followGeneration(ctx: Follower, id: string): Promise<Followed> {
  const { projectId } = await findGeneration({ ...ctx, loaders: new Loaders() }, id);
  const step = (sequence: bigint, row: GenerationRow): Step => ({
    sequence,
    value: row,
    isLast: isAtRest(row.status),
  });
  async function present(): Promise<Step> {
    // The row and the number of its newest event must be of one moment, or a change is sent twice or never.
    const [row, newest] = await ctx.db.$transaction(
      [
        ctx.db.generation.findUniqueOrThrow({ where: { id } }),
        ctx.db.projectEvent.aggregate({ where: { generationId: id }, _max: { sequence: true } }),
      ],
      { isolationLevel: 'RepeatableRead' },
    );
    return step(newest._max.sequence ?? 0n, row);
  }
  async function read(last: bigint | null): Promise<Batch> {
    if (last === null) return allOf([await present()]);
    const events = await ctx.db.projectEvent.findMany({
      where: { generationId: id, sequence: { gte: last } },
      orderBy: { sequence: 'asc' },
      take: stepsAtOnce + 1,
      include: { generation: true },
    });
    if (last > 0n && events[0]?.sequence !== last) {
      const kept = await readKept(ctx, projectId, last);
      if (!kept) return allOf([]);
      // An event of another run has this number now.
      if (kept.oldest !== null && kept.oldest <= last) throw wentBack();
      // The event was removed for its age, and later events may have been removed also.
      const now = await present();
      return allOf(now.sequence > last ? [now] : []);
    }
    const behind = events.filter(({ sequence }) => sequence > last).slice(0, stepsAtOnce);
    const newest = behind.at(-1)?.sequence ?? last;
    return {
      steps: behind.flatMap(({ sequence, generation, progress }) =>
        generation ? [step(sequence, readProgress(generation, progress))] : [],
      ),
      readOn: behind.length === stepsAtOnce ? () => read(newest) : null,
    };
  }
  return new Followed({ name: `generation ${id}`, projectId, what: 'Generation', after: null, read });
}

/** A batch that reaches the newest step. */
const allOf = (steps: readonly Step[]): Batch => ({ steps, readOn: null });

/**
 * The run that an event is about, in its state at that event, or in its present state for GENERATION_STATE; null for
 * events that are not about a run.
 */
export async function generationOfEvent(
  ctx: Uses<'db' | 'viewer' | 'loaders'>,
  { generationId, kind, progress }: SentEvent,
): Promise<GenerationRow | null> {
  if (generationId === null) return null;
  const row = await findGeneration(ctx, generationId);
  return kind === 'GENERATION_STATE' ? row : readProgress(row, progress);
}
