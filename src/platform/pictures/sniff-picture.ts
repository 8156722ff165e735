/** What we keep: by its bytes, whatever a name or header says. */
export type PictureType = 'image/jpeg' | 'image/png' | 'image/webp';

/** The type by the first bytes, whatever a name or header says; undefined for anything but JPEG, PNG and WebP. */
export function sniffPicture(bytes: Buffer): PictureType | undefined {
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg';
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])))
    return 'image/png';
  if (bytes.subarray(0, 4).equals(Buffer.from('RIFF')) && bytes.subarray(8, 12).equals(Buffer.from('WEBP'))) {
    return 'image/webp';
  }
  return undefined;
}
