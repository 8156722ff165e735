/** A job that is worked on. */
export interface Turn {
  /** Whether it has one of the places that are kept for urgent jobs. */
  readonly isInKept: boolean;
  /** Whether its handler has said that the job mostly waits: `Job.settle`. */
  hasSettled: boolean;
}

/** The numbers of free places. Those in `kept` are only for urgent jobs. */
export interface Free {
  readonly open: number;
  readonly kept: number;
}

/** The priority of an urgent job. Other jobs have a lower one. */
export const urgent = 1;

/** A range of priorities. */
export interface Among {
  readonly minPriority?: number;
  readonly maxPriority?: number;
}

/** One place of this many is kept for urgent jobs. */
const placesForEachUrgent = 8;
/**
 * The most jobs that are in their beginning at a time, for any number of places, because each of these reads, writes
 * and calls the provider.
 */
export const beginningsAtOnce = 96;

/**
 * The free places among `places`, at most as many as jobs can begin. Some places are kept when the kind has urgent
 * jobs. `room` is how many jobs can begin that are not urgent. Pure.
 */
export function freePlaces(
  places: number,
  turns: readonly Turn[],
  hasUrgent = true,
  room = beginningsAtOnce,
): Free {
  const all = free(places, turns, hasUrgent);
  const beginning = turns.filter(({ hasSettled }) => !hasSettled);
  const beginnings = free(Math.min(places, beginningsAtOnce), beginning, hasUrgent);
  const { open } = free(Math.min(places, room), beginning, hasUrgent);
  return { open: Math.min(all.open, beginnings.open, open), kept: Math.min(all.kept, beginnings.kept) };
}

function free(places: number, turns: readonly Turn[], hasUrgent: boolean): Free {
  const kept = hasUrgent && places > 1 ? Math.ceil(places / placesForEachUrgent) : 0;
  const keptInUse = turns.filter(({ isInKept }) => isInKept).length;
  const open = Math.max(0, places - kept - (turns.length - keptInUse));
  return { open, kept: Math.max(0, kept - keptInUse) };
}

/**
 * Makes the function that fills the free places with jobs. Some places are kept for urgent jobs, which only take them
 * when no other place is free. In the other places urgent jobs come first, but only in half of them, and in every
 * second round when a single place is free. Otherwise the other jobs would never come while there is always an urgent
 * one.
 */
export function createFill<Job>(
  fetchJobs: (limit: number, among?: Among) => Promise<readonly Job[]>,
  hasUrgent: boolean,
  roomNow = () => beginningsAtOnce,
) {
  let isOrdinarysTurn = false;
  return async (places: number, turns: readonly Turn[], start: (job: Job, isInKept: boolean) => void) => {
    const free = freePlaces(places, turns, hasUrgent, roomNow());
    let { open } = free;
    isOrdinarysTurn = !isOrdinarysTurn;
    const half = isOrdinarysTurn ? Math.floor(open / 2) : Math.ceil(open / 2);
    const fill = async (limit: number, among?: Among) => {
      const jobs = await fetchJobs(limit, among);
      for (const job of jobs) {
        start(job, open <= 0);
        open -= 1;
      }
      return jobs.length;
    };
    const count = await fill(half);
    // Fewer jobs than places: no other job waits.
    if (count < half) return;
    await fill(open, { maxPriority: urgent - 1 });
    await fill(Math.max(0, open) + free.kept, { minPriority: urgent });
  };
}
