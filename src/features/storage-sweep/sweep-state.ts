import { z } from 'zod';
import type { TaskContext } from '../../platform/context.ts';
import type { Database, Transaction } from '../../platform/db/connect.ts';

/** What a step of the sweep needs. */
export type Sweeper = Pick<TaskContext, 'db' | 'storage' | 'log'> & {
  /** The name of the database, as the notes of submits know it. */
  readonly database: string;
  /** The step is to end: another process may take the next one. */
  readonly signal?: AbortSignal;
};

/** How old something must be before it is taken for left behind. */
export interface Ages {
  /** An upload that nothing uses. */
  readonly uploadsMs: number;
  /** A file that no row names: twice, before and after it was marked. */
  readonly filesMs: number;
  /** A file that was not finished, since it was last written to. */
  readonly unfinishedMs: number;
}

/** The parts of a round, in their order: rows go before the files that they name. */
export const parts = ['IMAGES', 'FILES', 'RUNS'] as const;

/** Where a round is, and what it has found so far. Any process can go on from it. */
export const sweepState = z.object({
  part: z.enum([...parts, 'DONE']),
  /** The last place that was looked at in this part. */
  after: z.string().nullable(),
  /**
   * Whether all runs were looked through for pictures of before the mark. Goes on from round to round, since later runs
   * mark theirs themselves.
   */
  areOldRunsRead: z.boolean(),
  /** Whether files without a row are looked for: the storage belongs to this database. */
  areFilesSwept: z.boolean(),
  /** Uploads that nothing used: the row was removed, and the file follows later. */
  removedUploads: z.number(),
  /** Files that no row names: found for the first time, and removed. */
  markedFiles: z.number(),
  removedFiles: z.number(),
  removedUnfinished: z.number(),
  /** Rows whose file is not there. */
  missingFiles: z.number(),
  /** The first of them, by their row's id. */
  missing: z.array(z.object({ type: z.enum(['Image', 'Generation']), id: z.string() })),
});
export type SweepState = z.output<typeof sweepState>;

/** The first round. */
export const newRound: SweepState = {
  part: 'IMAGES',
  after: null,
  areOldRunsRead: false,
  areFilesSwept: true,
  removedUploads: 0,
  markedFiles: 0,
  removedFiles: 0,
  removedUnfinished: 0,
  missingFiles: 0,
  missing: [],
};

/** The round after another one. */
export function nextRound({ areOldRunsRead }: SweepState): SweepState {
  return { ...newRound, areOldRunsRead };
}

const mostNamed = 20;

/** Adds rows whose file is not there. */
export function addMissing(
  state: SweepState,
  type: 'Image' | 'Generation',
  ids: readonly string[],
): SweepState {
  return {
    ...state,
    missingFiles: state.missingFiles + ids.length,
    missing: [...state.missing, ...ids.map((id) => ({ type, id }))].slice(0, mostNamed),
  };
}

/** The round at the next place of its part; without one, at the beginning of the next part. */
export function goOn(state: SweepState, next: string | null): SweepState {
  if (next !== null) return { ...state, after: next };
  const part = parts.find((_, place) => parts[place - 1] === state.part) ?? 'DONE';
  return { ...state, part, after: null };
}

const reportName = 'storage-sweep-report';
const report = sweepState.extend({ endedAt: z.number() });

/** Keeps what a round has found, for those who ask; `endedAt` is in milliseconds. */
export async function writeReport(tx: Transaction, state: SweepState, endedAt: number): Promise<void> {
  const value = JSON.stringify({ ...state, endedAt } satisfies z.input<typeof report>);
  await tx.setting.upsert({
    where: { name: reportName },
    create: { name: reportName, value },
    update: { value },
  });
}

/** The last round that has ended; null for none, or for one of another version. */
export async function readReport(db: Pick<Database, 'setting'>): Promise<z.output<typeof report> | null> {
  const row = await db.setting.findUnique({ where: { name: reportName } });
  return report.safeParse(row ? JSON.parse(row.value) : null).data ?? null;
}
