/** An entry's opaque id, the same in exports. It is also the entry's cursor in a list. */
export function entryId({ id }: { readonly id: bigint | string }): string {
  return Buffer.from(`LedgerEntry:${id}`).toString('base64url');
}
