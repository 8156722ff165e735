export type PictureProblem =
  | 'EMPTY'
  | 'TOO_LARGE'
  | 'NOT_A_PICTURE'
  | 'TOO_MANY_PIXELS'
  | 'ANIMATED'
  | 'DAMAGED';

/** The bytes are not a picture that is accepted. The message is safe to show and names the limit. */
export class PictureRefused extends Error {
  override name = 'PictureRefused';
  readonly code: PictureProblem;

  constructor(code: PictureProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The refusal of a format. The message names it and the formats that are accepted. */
export function refuseFormat(contentType: string): PictureRefused {
  const subtype = contentType.slice(contentType.indexOf('/') + 1).replace('+xml', '');
  const name = subtype === 'heif' ? 'HEIC' : subtype.toUpperCase();
  return new PictureRefused(
    'NOT_A_PICTURE',
    `${name} pictures are not taken; JPEG, PNG, WebP, AVIF and GIF pictures are.`,
  );
}
