import type { HistoryRow } from '../../platform/segmind/history.ts';
import type { Finding, UncertainRun } from './witness.ts';

/** Another run of the account that a row may be of, and whose request id we do not have. */
export interface Rival {
  readonly model: string;
  readonly seed: bigint;
  readonly attemptedAt: Date;
}

/** What the list says, and what it can prove. */
export interface Evidence {
  readonly rows: readonly HistoryRow[];
  /** Request ids that belong to runs we know. */
  readonly claimed: ReadonlySet<string>;
  readonly rivals: readonly Rival[];
  /** Whether a run that is not in the list was certainly not charged. */
  readonly provesAbsence: (run: UncertainRun) => boolean;
  /** What is booked for runs that fail at the provider. */
  readonly areFailuresCharged: boolean;
}

/** The provider's clock and ours may differ by so much. */
const clockDifferenceMs = 60_000;

/**
 * Pure: which rows of the provider's list are our runs. A row is a run's when model, seed and all its parameters agree,
 * it is not known to be older than the run's submit, and its id is not another run's; each proves one run, the oldest
 * first. Where a row may be the run's and need not be, nothing is found.
 */
export function matchHistory(runs: readonly UncertainRun[], evidence: Evidence): Map<string, Finding> {
  const findings = new Map<string, Finding>();
  const taken = new Set<HistoryRow>();
  const rows = evidence.rows
    .filter(({ requestId }) => requestId === null || !evidence.claimed.has(requestId))
    .toSorted((one, other) => (one.at?.getTime() ?? 0) - (other.at?.getTime() ?? 0));
  const oldestFirst = runs.toSorted((one, other) => one.since.getTime() - other.since.getTime());
  for (const run of oldestFirst) {
    const possible = rows.filter((row) => !taken.has(row) && mayBe(row, run));
    const row = possible.find((each) => isOf(each, run));
    if (!row) {
      if (possible.length === 0 && evidence.provesAbsence(run)) findings.set(run.id, { kind: 'NOT_CHARGED' });
      continue;
    }
    if (isContested(row, run, runs, evidence.rivals)) continue;
    // Without ids a run has a row for each of its pictures.
    for (const each of rows) if (each === row || isTwin(each, row)) taken.add(each);
    const finding = findingOf(row, run, evidence.areFailuresCharged);
    if (finding) findings.set(run.id, finding);
  }
  return findings;
}

/** Whether nothing in the row speaks against it being the run's: what the list leaves out does not. */
function mayBe(row: HistoryRow, run: UncertainRun): boolean {
  if (row.slug !== run.model || (row.seed !== null && BigInt(row.seed) !== run.seed)) return false;
  return row.at === null || row.at.getTime() >= run.since.getTime() - clockDifferenceMs;
}

/** Whether everything speaks for it. */
function isOf(row: HistoryRow, run: UncertainRun): boolean {
  if (row.seed === null) return false;
  return Object.entries(run.parameters).every(
    ([name, value]) => JSON.stringify(row.parameters[name]) === JSON.stringify(value),
  );
}

function isTwin(row: HistoryRow, other: HistoryRow): boolean {
  if (row.requestId !== null || other.requestId !== null) return false;
  return (
    row.at?.getTime() === other.at?.getTime() &&
    JSON.stringify(row.parameters) === JSON.stringify(other.parameters)
  );
}

/** Whether another run of the same seed may have left the row: one without an id, or one with other pictures. */
function isContested(
  row: HistoryRow,
  run: UncertainRun,
  runs: readonly UncertainRun[],
  rivals: readonly Rival[],
): boolean {
  const at = row.at?.getTime() ?? Number.POSITIVE_INFINITY;
  const isNear = (moment: Date) => at >= moment.getTime() - clockDifferenceMs;
  const isAlike = (other: Pick<Rival, 'model' | 'seed'>) =>
    other.model === run.model && other.seed === run.seed;
  return (
    rivals.some((rival) => isAlike(rival) && isNear(rival.attemptedAt)) ||
    runs.some(
      (other) =>
        isAlike(other) && other.references !== run.references && isNear(other.since) && isOf(row, other),
    )
  );
}

function findingOf(row: HistoryRow, run: UncertainRun, areFailuresCharged: boolean): Finding | null {
  const { requestId, costMicros } = row;
  switch (row.state) {
    case 'COMPLETED':
      return { kind: 'CHARGED', costMicros, requestId };
    case 'FAILED':
      if (costMicros !== null && costMicros > 0n) return { kind: 'CHARGED', costMicros, requestId: null };
      if (areFailuresCharged) return { kind: 'CHARGED', costMicros: run.priceMicros, requestId: null };
      return { kind: 'NOT_CHARGED' };
    case 'QUEUED':
    case 'PROCESSING':
      return requestId === null ? null : { kind: 'TAKEN', requestId };
    default:
      return null;
  }
}
