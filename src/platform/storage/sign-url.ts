import { createHmac, timingSafeEqual } from 'node:crypto';

/** How a picture is asked for; null means as stored. */
export interface ImageVariant {
  readonly imageId: string;
  readonly width: number | null;
  readonly format: string | null;
}

/** An output that was kept as it came. */
export interface KeptOutput {
  readonly generationId: string;
  readonly index: number;
}

export type RefusedUrl = { readonly isValid: false; readonly reason: 'INVALID' | 'EXPIRED' };

export type VerifiedUrl =
  | {
      readonly isValid: true;
      readonly width: number | null;
      readonly format: string | null;
      readonly expiresAt: Date;
    }
  | RefusedUrl;

/** Asks for the stored bytes as a file. */
export const originalFormat = 'ORIGINAL';

const formats = ['WEBP', 'JPEG', 'PNG', 'AVIF', originalFormat];

type Signed = readonly (string | number | null)[];

function signature(secret: Buffer, signed: Signed, expiresAtSeconds: number): Buffer {
  const text = [...signed, expiresAtSeconds].map((part) => part ?? '').join('\n');
  return createHmac('sha256', secret).update(text).digest();
}

const partsOfImage = ({ imageId, width, format }: ImageVariant): Signed => [imageId, width, format];
/** The first word is no image's id: neither address can stand for the other. */
const partsOfOutput = ({ generationId, index }: KeptOutput): Signed => ['output', generationId, index];

interface Lifetime {
  readonly now: Date;
  readonly lifetimeMs: number;
}

/** The end is rounded up, so that everyone gets the same address for a while. */
function endOf({ now, lifetimeMs }: Lifetime): number {
  return ((Math.floor(now.getTime() / lifetimeMs) + 2) * lifetimeMs) / 1_000;
}

function addSignature(url: URL, secret: Buffer, signed: Signed, expiresAtSeconds: number): string {
  url.searchParams.set('exp', String(expiresAtSeconds));
  url.searchParams.set('sig', signature(secret, signed, expiresAtSeconds).toString('base64url'));
  return url.href;
}

function verify(
  secret: Buffer,
  signed: Signed,
  { query, now }: { query: URLSearchParams; now: Date },
): { readonly isValid: true; readonly expiresAt: Date } | RefusedUrl {
  const expiresAtSeconds = Number(query.get('exp'));
  const given = Buffer.from(query.get('sig') ?? '', 'base64url');
  const expected = signature(secret, signed, expiresAtSeconds);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return { isValid: false, reason: 'INVALID' };
  const expiresAt = new Date(expiresAtSeconds * 1_000);
  return expiresAt <= now ? { isValid: false, reason: 'EXPIRED' } : { isValid: true, expiresAt };
}

/**
 * An address of a picture that proves we gave it out. It expires `lifetimeMs` to twice that from now, so caches can keep
 * what it leads to.
 */
export function signImageUrl(
  secret: Buffer,
  request: ImageVariant & Lifetime & { readonly publicUrl: string },
): string {
  const url = new URL(`${request.publicUrl}/images/${request.imageId}`);
  if (request.width !== null) url.searchParams.set('w', String(request.width));
  if (request.format !== null) url.searchParams.set('f', request.format.toLowerCase());
  return addSignature(url, secret, partsOfImage(request), endOf(request));
}

/** Whether we gave this address out, and it is still good. */
export function verifyImageUrl(
  secret: Buffer,
  request: { imageId: string; query: URLSearchParams; now: Date },
): VerifiedUrl {
  const { imageId, query } = request;
  const width = query.has('w') ? Number(query.get('w')) : null;
  const format = query.get('f')?.toUpperCase() ?? null;
  const verified = verify(secret, partsOfImage({ imageId, width, format }), request);
  if (format !== null && !formats.includes(format)) return { isValid: false, reason: 'INVALID' };
  return verified.isValid ? { ...verified, width, format } : verified;
}

/** The same for an output that was kept as it came. */
export function signOutputUrl(
  secret: Buffer,
  request: KeptOutput & Lifetime & { readonly publicUrl: string },
): string {
  const url = new URL(`${request.publicUrl}/outputs/${request.generationId}/${request.index}`);
  return addSignature(url, secret, partsOfOutput(request), endOf(request));
}

/** Whether we gave this address out, and it is still good. */
export function verifyOutputUrl(
  secret: Buffer,
  request: KeptOutput & { query: URLSearchParams; now: Date },
): { readonly isValid: true; readonly expiresAt: Date } | RefusedUrl {
  return verify(secret, partsOfOutput(request), request);
}
