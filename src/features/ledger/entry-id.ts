import type { LedgerEntry as LedgerEntryRow } from '../../platform/db/generated/client.ts';

/** An entry's opaque id, the same in exports. It is also the entry's cursor in a list. */
export function entryId({ id }: Pick<LedgerEntryRow, 'id'>): string {
  return Buffer.from(`LedgerEntry:${id}`).toString('base64url');
}
