import {
  endOf,
  type GoodUrl,
  type Lifetime,
  type RefusedUrl,
  type Signed,
  signUrl,
  verifyUrl,
} from '../../platform/storage/signed-url.ts';

/** An output that was kept as it came. */
export interface KeptOutput {
  readonly generationId: string;
  readonly index: number;
}

/** The first word is no image's id: neither address can stand for the other. */
const partsOf = ({ generationId, index }: KeptOutput): Signed => ['output', generationId, index];

/** An address of an output that was kept as it came, which proves that we gave it out. */
export function signOutputUrl(
  secret: Buffer,
  request: KeptOutput & Lifetime & { readonly publicUrl: string },
): string {
  const url = new URL(`${request.publicUrl}/outputs/${request.generationId}/${request.index}`);
  return signUrl(url, secret, partsOf(request), endOf(request));
}

/** Whether we gave this address out, and it is still good. */
export function verifyOutputUrl(
  secret: Buffer,
  request: KeptOutput & { readonly query: URLSearchParams; readonly now: Date },
): GoodUrl | RefusedUrl {
  return verifyUrl(secret, partsOf(request), request);
}
