import { BadRequest } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import { authorize } from '../access/authorize.ts';
import { refuseEnded } from '../access/review-access.ts';
import type { Portions, Span } from './portions.ts';
import { generationColumns, readGenerations } from './read-generations.ts';
import { ledgerColumns, readLedger } from './read-ledger.ts';
import { readSpend, spendColumns } from './read-spend.ts';

/** The exports that can be downloaded as files. */
export const exportNames = ['ledger', 'generations', 'spend'] as const;
type ExportName = (typeof exportNames)[number];

/** The columns of a file, and its rows, which are read while it is sent. */
export interface Export {
  readonly columns: readonly string[];
  readonly portions: Portions;
}

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'segmind' | 'reader'>;
type Asked = Omit<Span, 'portion'>;

/** The number of rows of one read: many enough for few reads, and few enough for memory. */
const portion = 1_000;

/**
 * Opens a file of any size. Nothing is read before the first rows are requested. The admin may leave out the project,
 * except for runs, because their prompts are deleted with the project. Throws NotFound, Forbidden, BadRequest.
 */
export async function openExport(ctx: Tools, name: ExportName, asked: Asked): Promise<Export> {
  const { projectId } = asked;
  if (projectId !== null) await authorize(ctx, projectId, 'READ_SPEND');
  else if (ctx.viewer.kind !== 'ADMIN' || name === 'generations')
    throw new BadRequest('projectId is missing.');
  if (asked.from && asked.to && asked.to < asked.from) throw new BadRequest('to must not be before from.');
  const span = { ...asked, portion };
  if (name === 'ledger')
    return { columns: ledgerColumns, portions: reviewed(ctx, span, readLedger(ctx, span)) };
  if (name === 'spend') return { columns: spendColumns, portions: reviewed(ctx, span, readSpend(ctx, span)) };
  const runs = readGenerations(ctx, { ...span, projectId: projectId ?? '' });
  return { columns: generationColumns, portions: reviewed(ctx, span, runs) };
}

/** Checks the viewer's rights again before each portion, because they may end while a long file is sent. */
async function* reviewed(ctx: Tools, { projectId }: Asked, portions: Portions): Portions {
  for await (const rows of portions) {
    if (projectId !== null) {
      await refuseEnded(ctx, projectId, 'Project');
      await authorize({ ...ctx, loaders: new Loaders() }, projectId, 'READ_SPEND');
    }
    yield rows;
  }
}
