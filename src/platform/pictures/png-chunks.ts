const signatureBytes = 8;
/** Length, name and checksum. */
const frameBytes = 12;

/** The names of a PNG's chunks in their order, by walking from one to the next, up to its end or to where it is cut. */
function* pngChunks(png: Buffer): Generator<string> {
  for (let at = signatureBytes; at + frameBytes <= png.length; at += frameBytes + png.readUInt32BE(at))
    yield png.toString('latin1', at + 4, at + 8);
}

/** Whether a PNG is an animation: its control chunk stands before the first pixels. */
export function isAnimatedPng(png: Buffer): boolean {
  for (const name of pngChunks(png)) {
    if (name === 'acTL') return true;
    if (name === 'IDAT') return false;
  }
  return false;
}
