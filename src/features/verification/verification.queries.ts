import { z } from 'zod';
import { type Asker, authorizeAdmin } from '../access/authorize.ts';
import { type Finding, findingKinds } from './finding.ts';

const storedFindings = z.array(
  z.object({
    kind: z.enum(findingKinds),
    project: z.string().nullable(),
    subject: z.string(),
    message: z.string(),
  }),
);

/** What a verification has found. */
export interface VerificationRow {
  readonly at: Date;
  readonly projects: number;
  readonly entries: number;
  readonly findingCount: number;
  readonly findings: readonly Finding[];
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
  };
}
