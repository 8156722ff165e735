/** A wake-up that is worked on. */
export interface Turn {
  /** Whether it has one of the places that are kept for urgent ones. */
  readonly isInKept: boolean;
  /** Whether its run is on its way, and mostly waits. */
  hasSettled: boolean;
}

/** How many more wake-ups there is room for; `kept` for urgent ones only. */
export interface Free {
  readonly open: number;
  readonly kept: number;
}

/** One place in so many is kept for urgent wake-ups. */
const placesForEachUrgent = 8;
/** So many are begun at a time, however many places there are: each reads, writes and calls the provider. */
const beginningsAtOnce = 96;

/** The free places among `places`, of which no more are given out than can be begun. Pure. */
export function freePlaces(places: number, turns: readonly Turn[]): Free {
  const all = free(places, turns);
  const beginning = turns.filter(({ hasSettled }) => !hasSettled);
  const beginnings = free(Math.min(places, beginningsAtOnce), beginning);
  return { open: Math.min(all.open, beginnings.open), kept: Math.min(all.kept, beginnings.kept) };
}

function free(places: number, turns: readonly Turn[]): Free {
  const kept = places > 1 ? Math.ceil(places / placesForEachUrgent) : 0;
  const keptInUse = turns.filter(({ isInKept }) => isInKept).length;
  const open = Math.max(0, places - kept - (turns.length - keptInUse));
  return { open, kept: Math.max(0, kept - keptInUse) };
}

/** Of which priorities jobs are fetched; left out, of all. */
export interface Among {
  readonly minPriority?: number;
  readonly maxPriority?: number;
}

type Fetch<Job> = (limit: number, among?: Among) => Promise<readonly Job[]>;

/**
 * Fills free places with jobs. Some places are kept for urgent jobs, which only take them when no other is free. Of the
 * others urgent ones come first, but for no more than half of them, and for a single one by turns: otherwise many small
 * projects would always be first.
 */
export function createFiller<Job>(fetch: Fetch<Job>, urgent: number) {
  let isOrdinarysTurn = false;
  return async ({ open, kept }: Free, start: (job: Job, isInKept: boolean) => void): Promise<void> => {
    let left = open;
    isOrdinarysTurn = !isOrdinarysTurn;
    const half = isOrdinarysTurn ? Math.floor(left / 2) : Math.ceil(left / 2);
    const fill = async (limit: number, among?: Among) => {
      const jobs = await fetch(limit, among);
      for (const job of jobs) {
        start(job, left <= 0);
        left -= 1;
      }
      return jobs.length;
    };
    const count = await fill(half);
    // Less than there is room for: nothing else waits, and nothing needs to be shared.
    if (count < half) return;
    await fill(left, { maxPriority: urgent - 1 });
    await fill(Math.max(0, left) + kept, { minPriority: urgent });
  };
}
