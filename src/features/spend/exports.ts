import { BadRequest } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import { authorize } from '../access/authorize.ts';
import { refuseEnded } from '../access/review-access.ts';
import type { Portions, Span } from './portions.ts';
import { generationColumns, readGenerations } from './read-generations.ts';
import { ledgerColumns, readLedger } from './read-ledger.ts';
import { readSpend, spendColumns } from './read-spend.ts';

/** What can be taken out as a file. */
export const exportNames = ['ledger', 'generations', 'spend'] as const;
type ExportName = (typeof exportNames)[number];

/** A file's columns, and its rows as they are read. */
export interface Export {
  readonly columns: readonly string[];
  readonly portions: Portions;
}

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'segmind'>;
type Asked = Omit<Span, 'portion'>;

/** Enough to be worth a read of the table, little enough to lie in memory. */
const portion = 1_000;

/**
 * Opens a file of any size; nothing is read before its first rows are asked for. The admin may leave out the project,
 * but for the runs: what they were asked for goes with its project. Throws NotFound, Forbidden, BadRequest.
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

/** A long file may outlast the rights that its request came with: each portion is told only after asking anew. */
async function* reviewed(ctx: Tools, { projectId }: Asked, portions: Portions): Portions {
  for await (const rows of portions) {
    if (projectId !== null) {
      await refuseEnded(ctx, projectId, 'Project');
      await authorize({ ...ctx, loaders: new Loaders() }, projectId, 'READ_SPEND');
    }
    yield rows;
  }
}
