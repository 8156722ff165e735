/** What an entry's id has before its number. */
export const entryPrefix = 'LedgerEntry:';

/** An entry's opaque id, the same in exports. It is also the entry's cursor in a list. */
export function entryId({ id }: { readonly id: bigint | string }): string {
  return Buffer.from(`${entryPrefix}${id}`).toString('base64url');
}
