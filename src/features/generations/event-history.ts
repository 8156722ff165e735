import { Unavailable } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { databaseTime } from '../../platform/db/clock.ts';
import type { ProjectEvent as ProjectEventRow } from '../../platform/db/generated/client.ts';
import { generationStatuses, isFinal } from './generation-state.ts';

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
  return new Unavailable('The database has gone back to an older state. Subscribe anew.');
}

const unfinished = generationStatuses.filter((status) => !isFinal(status));

/**
 * What a replay begins with whose first events were removed: that they were, and each run that has not ended. Only the last
 * of these moves the reader on, to the event before the oldest that is stored; so a reader that is cut off before it is told
 * all of it once more.
 */
export async function readState(
  { db }: Uses<'db'>,
  projectId: string,
  { after, keptFrom }: { after: bigint; keptFrom: bigint },
): Promise<ToldEvent[]> {
  const runs = await db.generation.findMany({
    where: { projectId, status: { in: unfinished } },
    orderBy: [{ requestedAt: 'asc' }, { id: 'asc' }],
    select: { id: true, characterId: true },
  });
  const nothing = {
    generationId: null,
    characterId: null,
    budgetId: null,
    budgetAlertId: null,
    progress: null,
  };
  const event = { ...nothing, projectId, sequence: after, at: await databaseTime(db) };
  const truncated: ToldEvent = { ...event, kind: 'HISTORY_TRUNCATED', keptFrom };
  const states = runs.map(({ id, characterId }) => ({
    ...event,
    kind: 'GENERATION_STATE',
    generationId: id,
    characterId,
  }));
  const told = [truncated, ...states];
  return told.map((each, index) => (index === told.length - 1 ? { ...each, sequence: keptFrom - 1n } : each));
}
