import { hash as digest, randomBytes, timingSafeEqual } from 'node:crypto';

/** The beginning of API keys. It distinguishes them from tokens, and scanners find a key that was committed by mistake. */
export const apiKeyPrefix = 'dramatis_key_';

/** A secret that is shown once, and what is kept of it. */
export interface Secret {
  readonly text: string;
  /** Its first characters, for people to recognise it by. */
  readonly prefix: string;
  /** SHA-256 in hexadecimal: 256 random bits need no slower hash. */
  readonly hash: string;
}

/** Draws 256 random bits. */
export function drawSecret(prefix: string): Secret {
  const text = prefix + randomBytes(32).toString('base64url');
  return { text, prefix: text.slice(0, prefix.length + 6), hash: hashSecret(text) };
}

/** What is kept of a secret, and what it is found by. */
export function hashSecret(text: string): string {
  return digest('sha256', text, 'hex');
}

/** Compares hashes in constant time, so that neither content nor length of what was hashed leaks. */
export function isSameHash(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'));
}
