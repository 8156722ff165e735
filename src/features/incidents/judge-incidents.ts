import { type PauseWait, waitOfPause } from '../generations/waiting.ts';
import type { AccountPause } from '../provider/provider-pause.ts';

/*
 * An incident begins when a pause has lasted (a second try failed, a limit of ten seconds), and ends when there was
 * no pause for three seconds. Each time that it comes back within ten minutes its end takes twice as long, so a
 * provider that fails every second is reported a few times. Both are rules of one pure function over rows of the
 * database. A notice for each project records that the project got an event of the incident. It is written and removed
 * in the transaction of the event, so each project gets one event of each kind, whichever process works and wherever it
 * is killed.
 */

/** A pause that is reported to projects, when it begins and when it is over. */
export interface Incident {
  /** As in the pause: an account, or the provider environment. */
  readonly account: string;
  /** What the runs wait for. */
  readonly reason: PauseWait;
  readonly since: Date;
  readonly tries: number;
  /** Since when the pause is not in force; null while it is. */
  readonly clearedAt: Date | null;
  readonly endedAt: Date | null;
  /** How many times it began again soon after its end. */
  readonly repeats: number;
}

/** A change of an incident. Only BEGINS and ENDS are reported. */
export interface Change {
  readonly kind: 'BEGINS' | 'GOES_ON' | 'CLEARS' | 'ENDS' | 'IS_FORGOTTEN';
  /** The incident after the change. */
  readonly incident: Incident;
}

/** A shorter rate limit of the provider is not reported. */
const longRateLimitMs = 10_000;
/** A single failed try is not reported, because it may be a short interruption. */
const fewestTries = 2;
/** The time from the end of a pause to the end of its incident. It doubles with each repeat. */
const quietMs = 3_000;
const longestQuietMs = 300_000;
/** An incident that begins again within this time after its end counts as a repeat. */
const rememberedMs = 600_000;

/**
 * Compares the pauses in force with the known incidents. A pause that soon begins again keeps its incident open, and
 * each time that it begins again after the end, the next end takes twice as long. Pure.
 */
export function judgeIncidents(
  now: Date,
  pauses: readonly AccountPause[],
  incidents: readonly Incident[],
): Change[] {
  const paused = Map.groupBy(pauses, ({ account, reason }) =>
    nameOf({ account, reason: waitOfPause[reason] }),
  );
  const known = new Map(incidents.map((incident) => [nameOf(incident), incident]));
  const begun = [...paused].flatMap(([name, group]) => judgePause(now, group, known.get(name)));
  const cleared = incidents.flatMap((incident) =>
    paused.has(nameOf(incident)) ? [] : judgeCleared(now, incident),
  );
  return [...begun, ...cleared];
}

function nameOf({ account, reason }: Pick<Incident, 'account' | 'reason'>): string {
  return `${reason} ${account}`;
}

/** Judges the pauses of one account with one reason, which may be pauses of several models. */
function judgePause(now: Date, pauses: readonly AccountPause[], known: Incident | undefined): Change[] {
  const [first] = pauses.toSorted((a, b) => a.since.getTime() - b.since.getTime());
  if (!first) return [];
  const tries = Math.max(...pauses.map((pause) => pause.tries));
  const { account, since } = first;
  if (!known || known.endedAt !== null) {
    if (!pauses.some((pause) => isReported(now, pause))) return [];
    const repeats = known ? known.repeats + 1 : 0;
    const reason = waitOfPause[first.reason];
    const incident = { account, reason, since, tries, clearedAt: null, endedAt: null, repeats };
    return [{ kind: 'BEGINS', incident }];
  }
  if (known.clearedAt === null && known.tries >= tries) return [];
  const incident = { ...known, clearedAt: null, tries: Math.max(known.tries, tries) };
  return [{ kind: 'GOES_ON', incident }];
}

function isReported(now: Date, { reason, since, tries }: AccountPause): boolean {
  if (reason === 'RATE_LIMITED') return now.getTime() - since.getTime() >= longRateLimitMs;
  return reason !== 'UNAVAILABLE' || tries >= fewestTries;
}

function judgeCleared(now: Date, known: Incident): Change[] {
  const { clearedAt, endedAt, repeats } = known;
  if (endedAt !== null) {
    const isOld = now.getTime() - endedAt.getTime() > rememberedMs;
    return isOld ? [{ kind: 'IS_FORGOTTEN', incident: known }] : [];
  }
  if (clearedAt === null) return [{ kind: 'CLEARS', incident: { ...known, clearedAt: now } }];
  const needsMs = Math.min(quietMs * 2 ** repeats, longestQuietMs);
  if (now.getTime() - clearedAt.getTime() < needsMs) return [];
  return [{ kind: 'ENDS', incident: { ...known, endedAt: now } }];
}
