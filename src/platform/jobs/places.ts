/** A job that is worked on. */
export interface Turn {
  /** Whether it has one of the places that are kept for urgent ones. */
  readonly isInKept: boolean;
  /** Whether it has said that it mostly waits. */
  hasSettled: boolean;
}

/** How many more jobs there is room for; `kept` for urgent ones only. */
export interface Free {
  readonly open: number;
  readonly kept: number;
}

/** The priority of an urgent job; that of the others is less. */
export const urgent = 1;

/** Some of the jobs, by their priority. */
export interface Among {
  readonly minPriority?: number;
  readonly maxPriority?: number;
}

/** One place in so many is kept for urgent jobs. */
const placesForEachUrgent = 8;
/** So many are begun at a time, however many places there are: each reads, writes and calls the provider. */
const beginningsAtOnce = 96;

/**
 * The free places among `places`, of which no more are given out than can be begun. Some are kept, where there are urgent
 * jobs at all. Pure.
 */
export function freePlaces(places: number, turns: readonly Turn[], hasUrgent = true): Free {
  const all = free(places, turns, hasUrgent);
  const beginning = turns.filter(({ hasSettled }) => !hasSettled);
  const beginnings = free(Math.min(places, beginningsAtOnce), beginning, hasUrgent);
  return { open: Math.min(all.open, beginnings.open), kept: Math.min(all.kept, beginnings.kept) };
}

function free(places: number, turns: readonly Turn[], hasUrgent: boolean): Free {
  const kept = hasUrgent && places > 1 ? Math.ceil(places / placesForEachUrgent) : 0;
  const keptInUse = turns.filter(({ isInKept }) => isInKept).length;
  const open = Math.max(0, places - kept - (turns.length - keptInUse));
  return { open, kept: Math.max(0, kept - keptInUse) };
}

/**
 * Makes what fills the free places with jobs. Some places are kept for urgent jobs, which only take them when no other is
 * free. Of the others urgent ones come first, but for no more than half of them, and for a single one by turns: otherwise the
 * others would never come while there is always an urgent one.
 */
export function createFill<Job>(
  fetchJobs: (limit: number, among?: Among) => Promise<readonly Job[]>,
  hasUrgent: boolean,
) {
  let isOrdinarysTurn = false;
  return async (places: number, turns: readonly Turn[], start: (job: Job, isInKept: boolean) => void) => {
    const free = freePlaces(places, turns, hasUrgent);
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
    // Less than there is room for: nothing else waits, and nothing needs to be shared.
    if (count < half) return;
    await fill(open, { maxPriority: urgent - 1 });
    await fill(Math.max(0, open) + free.kept, { minPriority: urgent });
  };
}
