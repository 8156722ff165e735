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
