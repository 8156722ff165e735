import type { Uses } from '../../platform/context.ts';
import { toGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeAdmin } from '../access/authorize.ts';
import type { StorageSweep } from './storage-sweep.type.ts';
import { readReport } from './sweep-state.ts';

/** The last round that has ended; null before the first. Throws Forbidden. */
export async function findStorageSweep(ctx: Uses<'db' | 'viewer'>): Promise<StorageSweep | null> {
  authorizeAdmin(ctx);
  const report = await readReport(ctx.db);
  if (!report) return null;
  const missing = report.missing.map(({ type, id }) => toGlobalId(type, id));
  return { ...report, missing, endedAt: new Date(report.endedAt) };
}
