import { Unavailable } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { databaseTime } from '../../platform/db/clock.ts';
import type { Generation, ProjectEvent as ProjectEventRow } from '../../platform/db/generated/client.ts';
import { stepsAtOnce } from '../../platform/events/followed.ts';
import { generationStatuses, isFinal } from '../generations/generation-state.ts';

/*
 * Events are removed from the oldest number on, because readers rely on a sequence without gaps. A reader whose next
 * event is missing asks which events are stored. When the database has not given the reader's last number yet, or has
 * events older than it, the database was restored to an older state. Otherwise events were removed, and the state is
 * sent instead. It is sent to each reader alone, because it has no place in the order that a group shares. Its steps
 * have the reader's own number until the last step, so a reader that is cut off gets all of it again.
 */

/** An event as it is sent: a stored event, or an event of the state with which a replay begins after a removal. */
export interface SentEvent extends ProjectEventRow {
  /** The number from which events are stored; only in HISTORY_TRUNCATED. */
  readonly keptFrom?: bigint;
}

/** The range of a project's stored events, which has no gap. */
export interface KeptEvents {
  /** Null when no event is stored. */
  readonly oldest: bigint | null;
  /** The newest number that was given, also when its event was removed. */
  readonly newest: bigint;
}

/**
 * Which events of a project are stored, for a reader that does not find `last`, the last event that it sent. Null when
 * the project is gone. Throws Unavailable when that number was not given yet: the database was restored to an older
 * state, and new events get numbers that were sent already.
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

/** The error for a reader when the database lacks events that were sent and that were not removed for their age. */
export function wentBack(): Unavailable {
  return new Unavailable('The database was restored to an older state. Subscribe again.');
}

const unfinished = generationStatuses.filter((status) => !isFinal(status));

/** A part of a project's state. */
export interface StatePage {
  /** At most `stepsAtOnce`. */
  readonly events: readonly SentEvent[];
  /** Reads the next part; null after the last one. */
  readonly readOn: (() => Promise<StatePage>) | null;
}

type Run = Pick<Generation, 'id' | 'characterId' | 'requestedAt'>;

/**
 * The state with which a replay begins when its first events were removed: HISTORY_TRUNCATED, and each run that has not
 * ended. Only the last of these events has a new number, that before the oldest stored event, so a reader that is cut
 * off earlier gets all of the state again. When a run ends while the parts are read, the event of its end follows the
 * state.
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
  const truncated: SentEvent = { ...event, kind: 'HISTORY_TRUNCATED', keptFrom };
  const stateOf = ({ id, characterId }: Run): SentEvent => ({
    ...event,
    kind: 'GENERATION_STATE',
    generationId: id,
    characterId,
  });

  /** One run more than needed is read, and given to the next page as `next`, so that the last page is never empty. */
  async function readPage(begin: readonly SentEvent[], next?: Run): Promise<StatePage> {
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

/** The oldest runs that have not ended, or those that follow `behind`. */
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
