import type { KeyObject } from 'node:crypto';
import {
  endOf,
  type GoodUrl,
  type Lifetime,
  type RefusedUrl,
  type Signed,
  signUrl,
  verifyUrl,
} from '../../platform/storage/signed-url.ts';

/** A picture in a width and a format. A null width or format means as stored. */
export interface ImageVariant {
  readonly imageId: string;
  readonly width: number | null;
  readonly format: string | null;
}

/** The format that asks for the stored bytes as a file. */
export const originalFormat = 'ORIGINAL';

const formats = ['WEBP', 'JPEG', 'PNG', 'AVIF', originalFormat];

const partsOf = ({ imageId, width, format }: ImageVariant): Signed => [imageId, width, format];

/** A signed address of a picture. */
export function signImageUrl(
  secret: KeyObject,
  request: ImageVariant & Lifetime & { readonly publicUrl: string },
): string {
  const { publicUrl, imageId, width, format } = request;
  const w = width === null ? '' : `w=${width}&`;
  const f = format === null ? '' : `f=${format.toLowerCase()}&`;
  const beginning = `${publicUrl}/images/${imageId}?${w}${f}`;
  return signUrl(beginning, secret, partsOf(request), endOf(request));
}

/** Whether the address has our signature and has not expired. */
export function verifyImageUrl(
  secret: KeyObject,
  request: { readonly imageId: string; readonly query: URLSearchParams; readonly now: Date },
): (GoodUrl & Omit<ImageVariant, 'imageId'>) | RefusedUrl {
  const { imageId, query } = request;
  const width = query.has('w') ? Number(query.get('w')) : null;
  const format = query.get('f')?.toUpperCase() ?? null;
  const verified = verifyUrl(secret, partsOf({ imageId, width, format }), request);
  if (format !== null && !formats.includes(format)) return { isValid: false, reason: 'INVALID' };
  return verified.isValid ? { ...verified, width, format } : verified;
}
