import { factsOfType, type PictureType } from './picture-type.ts';

/** The formats in which pictures are served. */
export type PictureFormat = 'WEBP' | 'JPEG' | 'PNG' | 'AVIF';

interface FormatFacts {
  readonly contentType: PictureType;
  /** In pixels. The encoder refuses a longer side. */
  readonly longestSide: number;
}

export const formats: Readonly<Record<PictureFormat, FormatFacts>> = {
  WEBP: { contentType: 'image/webp', longestSide: 16_383 },
  JPEG: { contentType: 'image/jpeg', longestSide: 65_500 },
  PNG: { contentType: 'image/png', longestSide: 1_000_000 },
  AVIF: { contentType: 'image/avif', longestSide: 16_384 },
};

/** The width and format in which a picture is requested; null leaves either as it is stored. */
export interface Wanted {
  readonly width: number | null;
  readonly format: PictureFormat | null;
}

/**
 * The format in which a stored picture is encoded; null when its bytes are served unchanged. A picture that is only
 * scaled keeps its format when that is a served format. A picture that browsers do not show is served as WebP.
 */
export function servedFormat(storedType: string, { width, format }: Wanted): PictureFormat | null {
  if (format !== null) return format;
  if (width === null && factsOfType(storedType).isShown) return null;
  const [own] = names.filter((name) => formats[name].contentType === storedType);
  return own ?? 'WEBP';
}

const names = Object.keys(formats).filter(isPictureFormat);

/** Whether a name is the name of a served format. */
export function isPictureFormat(name: string): name is PictureFormat {
  return Object.hasOwn(formats, name);
}
