import { z } from 'zod';
import { type Asker, authorizeAdmin } from '../access/authorize.ts';
import { type Finding, finding } from './finding.ts';
import { type PassesRow, readPasses } from './pass-state.ts';

const storedFindings = z.array(finding);

/** The result of a verification. */
export interface VerificationRow {
  readonly at: Date;
  readonly projects: number;
  readonly entries: number;
  readonly findingCount: number;
  readonly findings: readonly Finding[];
  readonly entryPasses: PassesRow;
  readonly picturePasses: PassesRow;
}

/** The last regular verification of all books; null before the first. Throws Forbidden. */
export async function readLastVerification(ctx: Asker): Promise<VerificationRow | null> {
  authorizeAdmin(ctx);
  const row = await ctx.db.verification.findFirst({ where: { isWhole: true }, orderBy: { at: 'desc' } });
  if (!row) return null;
  const { at, projects, entries, findingCount, findings } = row;
  return {
    at,
    projects,
    entries: Number(entries),
    findingCount: Number(findingCount),
    findings: storedFindings.parse(findings),
    entryPasses: await readPasses(ctx.db, 'ENTRIES'),
    picturePasses: await readPasses(ctx.db, 'PICTURES'),
  };
}
