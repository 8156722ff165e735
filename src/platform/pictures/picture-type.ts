/**
 * What we keep, by its bytes: what the picture library decodes, but for SVG. That is a program to be run, whose memory and
 * time its size says nothing about.
 */
export type PictureType =
  | 'image/jpeg'
  | 'image/png'
  | 'image/webp'
  | 'image/gif'
  | 'image/avif'
  | 'image/tiff';

/** What can be done with pictures of a type. */
export interface TypeFacts {
  /** Of a file. */
  readonly extension: string;
  /** Users may upload it. */
  readonly isUploadable: boolean;
  /** Browsers show it, so it is served as it is stored. */
  readonly isShown: boolean;
  /** The provider's documents name it. */
  readonly isSent: boolean;
}

const anywhere = { isUploadable: true, isShown: true, isSent: true };
const shown = { isUploadable: true, isShown: true, isSent: false };
const stored = { isUploadable: false, isShown: false, isSent: false };

const types: Readonly<Record<PictureType, TypeFacts>> = {
  'image/jpeg': { extension: 'jpg', ...anywhere },
  'image/png': { extension: 'png', ...anywhere },
  'image/webp': { extension: 'webp', ...anywhere },
  'image/gif': { extension: 'gif', ...shown },
  'image/avif': { extension: 'avif', ...shown },
  'image/tiff': { extension: 'tiff', ...stored },
};

/** What can be done with a stored type. Nothing but storing where only a newer version knows it. */
export function factsOfType(contentType: string): TypeFacts {
  return isPictureType(contentType) ? types[contentType] : { extension: 'bin', ...stored };
}

/** Whether it is a type that we keep. */
export function isPictureType(contentType: string): contentType is PictureType {
  return Object.hasOwn(types, contentType);
}
