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

/** Something that does not fit. */
export interface Finding {
  readonly kind: (typeof findingKinds)[number];
  /** The project's row id; null where it is about no single one. */
  readonly project: string | null;
  /** What it is about: a number or ids. */
  readonly subject: string;
  /** A sentence for a person. */
  readonly message: string;
}

/** Gets each finding when it is made: there may be any number. */
export type Report = (finding: Finding) => void;
