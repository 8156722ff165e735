import { createHash, timingSafeEqual } from 'node:crypto';
import { Unauthenticated } from '../../errors.ts';

/** Who asks. For now the administrator, who may see and do everything. */
export interface Viewer {
  readonly kind: 'ADMIN';
}

/** Finds the viewer behind an `Authorization` header or `connectionParams.authorization`. */
export type Authenticate = (authorization: unknown) => Viewer;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Knows the admin key only. Compares hashes in constant time, so neither content nor length leaks. */
export function createAuthenticate(adminApiKey: string): Authenticate {
  const expected = digest(adminApiKey);
  return (authorization) => {
    const key = typeof authorization === 'string' ? /^Bearer +(\S+) *$/i.exec(authorization)?.[1] : undefined;
    if (key === undefined || !timingSafeEqual(digest(key), expected)) throw new Unauthenticated();
    return { kind: 'ADMIN' };
  };
}
