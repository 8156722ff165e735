/** The key of a picture's original bytes. */
export function blobKey(sha256: string): string {
  return `blobs/${sha256.slice(0, 2)}/${sha256}`;
}

/** The key of a picture as it was scaled or converted. */
export function variantKey(sha256: string, width: number | null, format: string | null): string {
  return `variants/${sha256.slice(0, 2)}/${sha256}-${width ?? 'full'}-${format?.toLowerCase() ?? 'stored'}`;
}
