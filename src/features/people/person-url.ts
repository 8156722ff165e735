import type { KeyObject } from 'node:crypto';
import {
  type GoodUrl,
  type RefusedUrl,
  type Signed,
  signUrl,
  verifyUrl,
} from '../../platform/storage/signed-url.ts';

const partsOf = (userId: string): Signed => ['user', userId];

/** An address of all that is stored about a user, which leads there until `expiresAt`. */
export function signPersonUrl(
  secret: KeyObject,
  request: { readonly userId: string; readonly publicUrl: string; readonly expiresAt: Date },
): string {
  const beginning = `${request.publicUrl}/users/${request.userId}.jsonl?`;
  return signUrl(beginning, secret, partsOf(request.userId), request.expiresAt.getTime() / 1_000);
}

/** Whether we gave this address out, and it is still good. */
export function verifyPersonUrl(
  secret: KeyObject,
  request: { readonly userId: string; readonly query: URLSearchParams; readonly now: Date },
): GoodUrl | RefusedUrl {
  return verifyUrl(secret, partsOf(request.userId), request);
}
