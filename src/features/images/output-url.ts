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

/** An output that is stored as the provider sent it. */
export interface KeptOutput {
  readonly generationId: string;
  readonly index: number;
}

/** The first part is never the id of an image, so that a signature of an image's address is never valid here. */
const partsOf = ({ generationId, index }: KeptOutput): Signed => ['output', generationId, index];

/** A signed address of an output that is stored as the provider sent it. */
export function signOutputUrl(
  secret: KeyObject,
  request: KeptOutput & Lifetime & { readonly publicUrl: string },
): string {
  const beginning = `${request.publicUrl}/outputs/${request.generationId}/${request.index}?`;
  return signUrl(beginning, secret, partsOf(request), endOf(request));
}

/** Whether the address has our signature and has not expired. */
export function verifyOutputUrl(
  secret: KeyObject,
  request: KeptOutput & { readonly query: URLSearchParams; readonly now: Date },
): GoodUrl | RefusedUrl {
  return verifyUrl(secret, partsOf(request), request);
}
