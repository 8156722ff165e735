export type PictureProblem =
  | 'EMPTY'
  | 'TOO_LARGE'
  | 'NOT_A_PICTURE'
  | 'TOO_MANY_PIXELS'
  | 'ANIMATED'
  | 'DAMAGED';

/** Bytes that are not a picture we take. The message is safe to show and names the limit. */
export class PictureRefused extends Error {
  override name = 'PictureRefused';
  readonly code: PictureProblem;

  constructor(code: PictureProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A format cannot be shown; the message names it and those that can. */
export function refuseFormat(contentType: string): PictureRefused {
  const subtype = contentType.slice(contentType.indexOf('/') + 1).replace('+xml', '');
  const name = subtype === 'heif' ? 'HEIC' : subtype.toUpperCase();
  return new PictureRefused(
    'NOT_A_PICTURE',
    `${name} pictures are not taken; JPEG, PNG, WebP, AVIF and GIF pictures are.`,
  );
}
