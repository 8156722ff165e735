import { z } from 'zod';
import type { TaskContext } from '../../platform/context.ts';
import type { Database, Transaction } from '../../platform/db/connect.ts';

/** The context of a step of the sweep. */
export type Sweeper = Pick<TaskContext, 'db' | 'storage' | 'log'> & {
  /** The id of the database, as in the notes of submits. */
  readonly database: string;
  /** Ends the step early. Another process may take the next step. */
  readonly signal?: AbortSignal;
};

/** The ages after which things are removed. */
export interface Ages {
  /** The age of an upload that nothing uses. */
  readonly uploadsMs: number;
  /** The age of a file that no row names before it is marked, and again the age of the mark before it is removed. */
  readonly filesMs: number;
  /** The time since the last write to an unfinished file. */
  readonly unfinishedMs: number;
}

/** The parts of a round, in their order: rows are removed before the files that they name. */
export const parts = ['IMAGES', 'FILES', 'RUNS'] as const;

/** The place and the findings of a round. Any process can continue from it. */
export const sweepState = z.object({
  part: z.enum([...parts, 'DONE']),
  /** The last place of this part that was read. */
  after: z.string().nullable(),
  /**
   * Whether all old runs were read to mark their pictures. It is kept from round to round, because later runs mark
   * their pictures themselves.
   */
  areOldRunsRead: z.boolean(),
  /** Whether files without a row are searched for, which is so when the storage belongs to this database. */
  areFilesSwept: z.boolean(),
  /** Uploads that nothing used. The row was removed, and the file follows later. */
  removedUploads: z.number(),
  /** Files that no row names and that were marked, because they were found for the first time. */
  markedFiles: z.number(),
  /** Files that no row names and that were removed. */
  removedFiles: z.number(),
  removedUnfinished: z.number(),
  /** The number of rows whose file is missing. */
  missingFiles: z.number(),
  /** The first of these rows, by id. */
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

/** Adds rows whose file is missing. */
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

/** The round at the next place of its part; when `next` is null, at the beginning of the next part. */
export function goOn(state: SweepState, next: string | null): SweepState {
  if (next !== null) return { ...state, after: next };
  const part = parts.find((_, place) => parts[place - 1] === state.part) ?? 'DONE';
  return { ...state, part, after: null };
}

const reportName = 'storage-sweep-report';
const report = sweepState.extend({ endedAt: z.number() });

/** Stores the report of a round; `endedAt` is in milliseconds since 1970. */
export async function writeReport(tx: Transaction, state: SweepState, endedAt: number): Promise<void> {
  const value = JSON.stringify({ ...state, endedAt } satisfies z.input<typeof report>);
  await tx.setting.upsert({
    where: { name: reportName },
    create: { name: reportName, value },
    update: { value },
  });
}

/** The report of the last round that has ended; null when there is none, or one of another version. */
export async function readReport(db: Pick<Database, 'setting'>): Promise<z.output<typeof report> | null> {
  const row = await db.setting.findUnique({ where: { name: reportName } });
  return report.safeParse(row ? JSON.parse(row.value) : null).data ?? null;
}
