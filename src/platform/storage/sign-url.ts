import { createHmac, timingSafeEqual } from 'node:crypto';

/** How a picture is asked for; null means as stored. */
export interface ImageVariant {
  readonly imageId: string;
  readonly width: number | null;
  readonly format: string | null;
}

export type VerifiedUrl =
  | {
      readonly isValid: true;
      readonly width: number | null;
      readonly format: string | null;
      readonly expiresAt: Date;
    }
  | { readonly isValid: false; readonly reason: 'INVALID' | 'EXPIRED' };

const formats = ['WEBP', 'JPEG', 'PNG', 'AVIF'];

function signature(
  secret: Buffer,
  { imageId, width, format }: ImageVariant,
  expiresAtSeconds: number,
): Buffer {
  return createHmac('sha256', secret)
    .update(`${imageId}\n${width ?? ''}\n${format ?? ''}\n${expiresAtSeconds}`)
    .digest();
}

/**
 * An address of a picture that proves we gave it out. It expires `lifetimeMs` to twice that from now: the end is
 * rounded up, so that everyone gets the same address for a while and caches can keep what it leads to.
 */
export function signImageUrl(
  secret: Buffer,
  request: ImageVariant & { publicUrl: string; now: Date; lifetimeMs: number },
): string {
  const { publicUrl, now, lifetimeMs, ...variant } = request;
  const expiresAtSeconds = ((Math.floor(now.getTime() / lifetimeMs) + 2) * lifetimeMs) / 1_000;
  const url = new URL(`${publicUrl}/images/${variant.imageId}`);
  if (variant.width !== null) url.searchParams.set('w', String(variant.width));
  if (variant.format !== null) url.searchParams.set('f', variant.format.toLowerCase());
  url.searchParams.set('exp', String(expiresAtSeconds));
  url.searchParams.set('sig', signature(secret, variant, expiresAtSeconds).toString('base64url'));
  return url.href;
}

/** Whether we gave this address out, and it is still good. */
export function verifyImageUrl(
  secret: Buffer,
  request: { imageId: string; query: URLSearchParams; now: Date },
): VerifiedUrl {
  const { imageId, query, now } = request;
  const width = query.has('w') ? Number(query.get('w')) : null;
  const format = query.get('f')?.toUpperCase() ?? null;
  const expiresAtSeconds = Number(query.get('exp'));
  const given = Buffer.from(query.get('sig') ?? '', 'base64url');
  const expected = signature(secret, { imageId, width, format }, expiresAtSeconds);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return { isValid: false, reason: 'INVALID' };
  if (format !== null && !formats.includes(format)) return { isValid: false, reason: 'INVALID' };
  const expiresAt = new Date(expiresAtSeconds * 1_000);
  if (expiresAt <= now) return { isValid: false, reason: 'EXPIRED' };
  return { isValid: true, width, format, expiresAt };
}
