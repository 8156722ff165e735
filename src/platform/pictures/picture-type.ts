/**
 * The types of pictures that are stored, recognised by their bytes: all that the picture library decodes, except SVG.
 * An SVG is a program, and its size does not limit the memory and time that it needs.
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
  /** The extension of a file name. */
  readonly extension: string;
  /** Whether users may upload it. */
  readonly isUploadable: boolean;
  /** Whether browsers show it, so that it is served as it is stored. */
  readonly isShown: boolean;
  /** Whether the provider's documents name it, so that it is sent as it is stored. */
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

/** What can be done with a stored type. A type that only a newer version knows is only stored. */
export function factsOfType(contentType: string): TypeFacts {
  return isPictureType(contentType) ? types[contentType] : { extension: 'bin', ...stored };
}

/** Whether a content type is one of the stored types. */
export function isPictureType(contentType: string): contentType is PictureType {
  return Object.hasOwn(types, contentType);
}
