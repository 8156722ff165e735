import { Unavailable } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { databaseTime } from '../../platform/db/clock.ts';
import type { Generation, ProjectEvent as ProjectEventRow } from '../../platform/db/generated/client.ts';
import { stepsAtOnce } from '../../platform/events/followed.ts';
import { generationStatuses, isFinal } from '../generations/generation-state.ts';

/*
 * Events are removed from the oldest number on, because readers rely on there being no gap. A reader whose next
 * event is not there asks which are. When the database never gave the number that the reader was sent, or has older
 * events than that one, it has gone back. Otherwise events were removed, and the state is sent instead. It is sent
 * to each reader alone, because it has no place in the order that a group shares. Its steps have the reader's own
 * number until the last one, so a reader that is cut off gets all of it again.
 */

/** An event as it is told: a stored one, or one of those with which a replay begins whose first events were removed. */
export interface ToldEvent extends ProjectEventRow {
  /** Of HISTORY_TRUNCATED: the number from which events are stored. */
  readonly keptFrom?: bigint;
}

/** Which of a project's events are stored. All between the oldest and the newest are. */
export interface KeptEvents {
  /** Null where none is stored. */
  readonly oldest: bigint | null;
  /** The newest number that was given, also when its event was removed. */
  readonly newest: bigint;
}

/**
 * Which events of a project are stored, asked by a reader that does not find `last`, the event that it told last. Null when
 * the project is gone. Throws Unavailable when that number was not given yet: the database has gone back, and new events get
 * numbers that were told already.
 */
export async function readKept(
  { db }: Uses<'db'>,
  projectId: string,
  last: bigint,
): Promise<KeptEvents | null> {
  const [kept] = await db.$queryRaw<KeptEvents[]>`
    SELECT last_sequence AS newest, (SELECT min(sequence) FROM project_events WHERE project_id = p.id) AS oldest
    FROM projects p WHERE id = ${projectId}::uuid`;
  if (!kept) return null;
  if (kept.newest < last) throw wentBack();
  return kept;
}

/** What is told when events that were told are not in the database any more, and were not removed for their age. */
export function wentBack(): Unavailable {
  return new Unavailable('The database was restored to an older state. Subscribe again.');
}

const unfinished = generationStatuses.filter((status) => !isFinal(status));

/** A part of a project's state. */
export interface StatePage {
  /** At most `stepsAtOnce`. */
  readonly events: readonly ToldEvent[];
  /** Reads the next part; null after the last one. */
  readonly readOn: (() => Promise<StatePage>) | null;
}

type Run = Pick<Generation, 'id' | 'characterId' | 'requestedAt'>;

/**
 * What a replay begins with whose first events were removed: that they were, and each run that has not ended. Only the last
 * of these moves the reader on, to the event before the oldest that is stored; so a reader that is cut off before it is told
 * all of it once more. A run that ends while the parts are read has an event of that, which is told after them.
 */
export async function readState(
  { db }: Uses<'db'>,
  projectId: string,
  { after, keptFrom }: { after: bigint; keptFrom: bigint },
): Promise<StatePage> {
  const nothing = {
    generationId: null,
    characterId: null,
    budgetId: null,
    budgetAlertId: null,
    progress: null,
  };
  const event = { ...nothing, projectId, sequence: after, at: await databaseTime(db) };
  const truncated: ToldEvent = { ...event, kind: 'HISTORY_TRUNCATED', keptFrom };
  const stateOf = ({ id, characterId }: Run): ToldEvent => ({
    ...event,
    kind: 'GENERATION_STATE',
    generationId: id,
    characterId,
  });

  /** `next` was read already: so there is always one to tell, and to move the reader on with. */
  async function readPage(begin: readonly ToldEvent[], next?: Run): Promise<StatePage> {
    const known = next ? [next] : [];
    const room = stepsAtOnce - begin.length;
    const runs = [...known, ...(await readUnfinished({ db }, projectId, room + 1 - known.length, next))];
    const events = [...begin, ...runs.slice(0, room).map(stateOf)];
    const left = runs[room];
    if (left) return { events, readOn: () => readPage([], left) };
    const last = events.pop();
    return { events: last ? [...events, { ...last, sequence: keptFrom - 1n }] : [], readOn: null };
  }
  return readPage([truncated]);
}

/** The oldest runs that have not ended, behind one of them. */
function readUnfinished({ db }: Uses<'db'>, projectId: string, count: number, behind?: Run): Promise<Run[]> {
  const isBehind = behind && {
    OR: [
      { requestedAt: { gt: behind.requestedAt } },
      { requestedAt: behind.requestedAt, id: { gt: behind.id } },
    ],
  };
  return db.generation.findMany({
    where: { projectId, status: { in: unfinished }, ...isBehind },
    orderBy: [{ requestedAt: 'asc' }, { id: 'asc' }],
    select: { id: true, characterId: true, requestedAt: true },
    take: count,
  });
}
