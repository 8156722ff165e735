/** The first bytes of binary formats. */
const binary: readonly (readonly [start: string, contentType: string])[] = [
  ['\xff\xd8\xff', 'image/jpeg'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['GIF8', 'image/gif'],
  ['II*\0', 'image/tiff'],
  ['MM\0*', 'image/tiff'],
  ['BM', 'image/bmp'],
  ['\xff\x0a', 'image/jxl'],
  ['\0\0\0\x0cJXL ', 'image/jxl'],
  ['%PDF-', 'application/pdf'],
  ['\0\0\0\x0cjP  ', 'image/jp2'],
  ['\x1f\x8b', 'application/gzip'],
  ['PK\x03\x04', 'application/zip'],
];

/** The content types by the four letters with which a container names its format. */
const words: Readonly<Record<string, string>> = {
  WEBP: 'image/webp',
  avif: 'image/avif',
  avis: 'image/avif',
  mif1: 'image/heif',
  msf1: 'image/heif',
};

/** The names of HEIC pictures, sequences and layers. */
const heic = /^he[iv][cmsx]$/;

const texts: readonly (readonly [start: string, contentType: string])[] = [
  ['{', 'application/json'],
  ['[', 'application/json'],
  ['<!doctype html', 'text/html'],
  ['<html', 'text/html'],
];

/** Guesses the content type of bytes by their beginning, so that a person knows which program can open them. */
export function nameType(bytes: Buffer): string {
  const head = bytes.subarray(0, 256).toString('latin1');
  const word = head.slice(8, 12);
  if (head.startsWith('RIFF') || head.slice(4, 8) === 'ftyp')
    return words[word] ?? (heic.test(word) ? 'image/heif' : 'application/octet-stream');
  const text = head.trimStart().toLowerCase();
  if (/^(<\?xml[^>]*>\s*)?<svg[\s>]/.test(text)) return 'image/svg+xml';
  const found =
    binary.find(([start]) => head.startsWith(start)) ?? texts.find(([start]) => text.startsWith(start));
  return found?.[1] ?? 'application/octet-stream';
}
