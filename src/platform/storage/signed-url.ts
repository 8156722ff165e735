import { createHmac, timingSafeEqual } from 'node:crypto';

/** What an address is signed for. Its first part says which kind of thing it leads to, so no address stands for another. */
export type Signed = readonly (string | number | null)[];

/** Why an address is refused: we did not give it out, or it has expired. */
export interface RefusedUrl {
  readonly isValid: false;
  readonly reason: 'INVALID' | 'EXPIRED';
}

/** An address that we gave out, and that is still good. */
export interface GoodUrl {
  readonly isValid: true;
  readonly expiresAt: Date;
}

/** From when on, and how long at the least, an address is good. */
export interface Lifetime {
  readonly now: Date;
  readonly lifetimeMs: number;
}

/**
 * When an address expires, in seconds: `lifetimeMs` to twice that from now. The end is rounded up, so that everyone gets the
 * same address for a while, and caches can keep what it leads to.
 */
export function endOf({ now, lifetimeMs }: Lifetime): number {
  return ((Math.floor(now.getTime() / lifetimeMs) + 2) * lifetimeMs) / 1_000;
}

/** The address with its end and a signature, which proves that we gave it out. */
export function signUrl(url: URL, secret: Buffer, signed: Signed, expiresAtSeconds: number): string {
  url.searchParams.set('exp', String(expiresAtSeconds));
  url.searchParams.set('sig', signature(secret, signed, expiresAtSeconds).toString('base64url'));
  return url.href;
}

/** Whether an address with this query was given out for `signed`, and is still good. */
export function verifyUrl(
  secret: Buffer,
  signed: Signed,
  { query, now }: { readonly query: URLSearchParams; readonly now: Date },
): GoodUrl | RefusedUrl {
  const expiresAtSeconds = Number(query.get('exp'));
  const given = Buffer.from(query.get('sig') ?? '', 'base64url');
  const expected = signature(secret, signed, expiresAtSeconds);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return { isValid: false, reason: 'INVALID' };
  const expiresAt = new Date(expiresAtSeconds * 1_000);
  return expiresAt <= now ? { isValid: false, reason: 'EXPIRED' } : { isValid: true, expiresAt };
}

function signature(secret: Buffer, signed: Signed, expiresAtSeconds: number): Buffer {
  const text = [...signed, expiresAtSeconds].map((part) => part ?? '').join('\n');
  return createHmac('sha256', secret).update(text).digest();
}
