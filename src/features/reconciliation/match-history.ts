import type { HistoryRow } from '../../platform/segmind/history.ts';
import type { Finding, UncertainRun } from './witness.ts';

/** Another run of the account that may have caused a row, and whose request id is not known. */
export interface Rival {
  readonly model: string;
  readonly seed: bigint;
  readonly attemptedAt: Date;
}

/** The rows of the list, and the facts that decide what they prove. */
export interface Evidence {
  readonly rows: readonly HistoryRow[];
  /** Request ids that belong to known runs. */
  readonly claimed: ReadonlySet<string>;
  readonly rivals: readonly Rival[];
  /** Whether a run that is not in the list was certainly not charged. */
  readonly provesAbsence: (run: UncertainRun) => boolean;
  /** Whether runs that fail at the provider are charged. */
  readonly areFailuresCharged: boolean;
}

/** The greatest difference between the provider's clock and this server's. */
const clockDifferenceMs = 60_000;

/**
 * Finds the rows of the provider's list that belong to uncertain runs. Pure. A row belongs to a run when model, seed
 * and all parameters agree, when the row is not known to be older than the run's submit, and when its request id does
 * not belong to another run. Each row proves one run, the oldest first. A row that may or may not belong to the run
 * gives no finding.
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

/** Whether a row may belong to a run: no value that the list has contradicts it. */
function mayBe(row: HistoryRow, run: UncertainRun): boolean {
  if (row.slug !== run.model || (row.seed !== null && BigInt(row.seed) !== run.seed)) return false;
  return row.at === null || row.at.getTime() >= run.since.getTime() - clockDifferenceMs;
}

/** Whether the seed is known and all parameters agree. */
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

/** Whether another run with the same seed may have caused the row: a run without an id, or with other pictures. */
function isContested(
  row: HistoryRow,
  run: UncertainRun,
  runs: readonly UncertainRun[],
  rivals: readonly Rival[],
): boolean {
  const at = row.at?.getTime() ?? Number.POSITIVE_INFINITY;
  const isNear = (moment: Date) => at >= moment.getTime() - clockDifferenceMs;
  const hasSameSeed = (other: Pick<Rival, 'model' | 'seed'>) =>
    other.model === run.model && other.seed === run.seed;
  return (
    rivals.some((rival) => hasSameSeed(rival) && isNear(rival.attemptedAt)) ||
    runs.some(
      (other) =>
        hasSameSeed(other) && other.references !== run.references && isNear(other.since) && isOf(row, other),
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
