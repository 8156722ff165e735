const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** The bytes of a chunk beside its body: length, name and checksum. */
const frameBytes = 12;

/** The chunks of a PNG before its first pixels, by name; none for other bytes. */
export function headersOfPng(png: Buffer): ReadonlyMap<string, Buffer> {
  const headers = new Map<string, Buffer>();
  if (!png.subarray(0, signature.length).equals(signature)) return headers;
  for (let at = signature.length; at + frameBytes <= png.length; ) {
    const sizeBytes = png.readUInt32BE(at);
    const name = png.toString('latin1', at + 4, at + 8);
    if (name === 'IDAT') break;
    headers.set(name, png.subarray(at + 8, at + 8 + sizeBytes));
    at += frameBytes + sizeBytes;
  }
  return headers;
}

/** Whether a PNG is an animation: then it has a control chunk before its first pixels. */
export function isAnimatedPng(png: Buffer): boolean {
  return headersOfPng(png).has('acTL');
}
