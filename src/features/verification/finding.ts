import { z } from 'zod';
import { booksProblemKinds } from '../reconciliation/books.ts';

/** What a verification may find in the audit log. */
export const auditFindingKinds = [
  'AUDIT_ENTRIES_MISSING',
  'AUDIT_ENTRY_CHANGED',
  'AUDIT_CHAIN_BROKEN',
  'AUDIT_LOG_SHORTENED',
  'AUDIT_LOG_REWRITTEN',
  'DATABASE_WENT_BACK',
] as const;

/** What it may find where the pictures are. */
export const pictureFindingKinds = [
  'STORAGE_MISSING',
  'STORAGE_FOREIGN',
  'PICTURE_MISSING',
  'PICTURE_CHANGED',
  'PICTURE_UNREADABLE',
] as const;

/** Everything that it may find: of the books, what `reconciliation.books` tells as well. */
export const findingKinds = [...auditFindingKinds, ...booksProblemKinds, ...pictureFindingKinds] as const;

/** Something that does not fit, as it is stored. */
export const finding = z.object({
  kind: z.enum(findingKinds),
  /** The project's row id; null where it is about no single one. */
  project: z.string().nullable(),
  /** What it is about: a number or ids. */
  subject: z.string(),
  /** A sentence for a person. */
  message: z.string(),
});
export type Finding = Readonly<z.output<typeof finding>>;

/** Gets each finding when it is made: there may be any number. */
export type Report = (finding: Finding) => void;
