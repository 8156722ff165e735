import { BadRequest } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import { authorize } from '../access/authorize.ts';
import { refuseEnded } from '../access/review-access.ts';
import type { Cell, Portions, Span } from './portions.ts';
import { generationColumns, readGenerations } from './read-generations.ts';
import { ledgerColumns, readLedger } from './read-ledger.ts';
import { readSpend, spendColumns } from './read-spend.ts';

/** The exports that can be downloaded as files. */
export const exportNames = ['ledger', 'generations', 'spend'] as const;
type ExportName = (typeof exportNames)[number];

/** How a file is written. */
export interface Format {
  /** The text before the first row. */
  head(columns: readonly string[]): string;
  /** Makes a function that writes a row, with its line end. */
  line(columns: readonly string[]): (row: readonly Cell[]) => string;
}

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'segmind' | 'reader'>;
type Asked = Omit<Span, 'portion' | 'write'>;

/** The number of rows of one read: many enough for few reads, and few enough for memory. */
const portion = 1_000;

/**
 * Opens a file of any size. Nothing is read before the first rows are requested. The admin may leave out the project,
 * except for runs, because their prompts are deleted with the project. Throws NotFound, Forbidden, BadRequest.
 */
export async function openExport(
  ctx: Tools,
  name: ExportName,
  asked: Asked,
  format: Format,
): Promise<Portions> {
  const { projectId } = asked;
  if (projectId !== null) await authorize(ctx, projectId, 'READ_SPEND');
  else if (ctx.viewer.kind !== 'ADMIN' || name === 'generations')
    throw new BadRequest('projectId is missing.');
  if (asked.from && asked.to && asked.to < asked.from) throw new BadRequest('to must not be before from.');
  const file = (columns: readonly string[], portionsOf: (span: Span) => Portions) =>
    written(
      format.head(columns),
      reviewed(ctx, asked, portionsOf({ ...asked, portion, write: format.line(columns) })),
    );
  if (name === 'ledger') return file(ledgerColumns, (span) => readLedger(ctx, span));
  if (name === 'spend') return file(spendColumns, (span) => readSpend(ctx, span));
  return file(generationColumns, (span) => readGenerations(ctx, { ...span, projectId: projectId ?? '' }));
}

async function* written(head: string, portions: Portions): Portions {
  if (head !== '') yield Buffer.from(head);
  yield* portions;
}

/** Checks the viewer's rights again before each portion, because they may end while a long file is sent. */
async function* reviewed(ctx: Tools, { projectId }: Asked, portions: Portions): Portions {
  for await (const lines of portions) {
    if (projectId !== null) {
      await refuseEnded(ctx, projectId, 'Project');
      await authorize({ ...ctx, loaders: new Loaders() }, projectId, 'READ_SPEND');
    }
    yield lines;
  }
}
