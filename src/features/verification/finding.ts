import { z } from 'zod';
import { booksProblemKinds } from '../reconciliation/books.ts';

/** The kinds of findings about the audit log. */
export const auditFindingKinds = [
  'AUDIT_ENTRIES_MISSING',
  'AUDIT_ENTRY_CHANGED',
  'AUDIT_CHAIN_BROKEN',
  'AUDIT_LOG_SHORTENED',
  'AUDIT_LOG_REWRITTEN',
  'DATABASE_WENT_BACK',
] as const;

/** The kinds of findings about the stored pictures. */
export const pictureFindingKinds = [
  'STORAGE_MISSING',
  'STORAGE_FOREIGN',
  'PICTURE_MISSING',
  'PICTURE_CHANGED',
  'PICTURE_UNREADABLE',
] as const;

/** All kinds of findings. Those about the books are the same as in `reconciliation.books`. */
export const findingKinds = [...auditFindingKinds, ...booksProblemKinds, ...pictureFindingKinds] as const;

/** A finding of a verification, as it is stored. */
export const finding = z.object({
  kind: z.enum(findingKinds),
  /** The project's row id; null when the finding is not about a single project. */
  project: z.string().nullable(),
  /** The subject of the finding: a number or ids. */
  subject: z.string(),
  /** A sentence for a person. */
  message: z.string(),
});
export type Finding = Readonly<z.output<typeof finding>>;

/** Is called for each finding at once, because there may be any number of findings. */
export type Report = (finding: Finding) => void;
