import { Unauthenticated } from '../../errors.ts';
import type { Claims, VerifyToken } from './access-token.ts';
import { apiKeyPrefix, hashSecret, isSameHash } from './secret.ts';
import type { Viewer } from './viewer.ts';

/** Finds the live key by the hash of its secret; null where there is none. */
export type FindApiKey = (hash: string) => Promise<Viewer | null>;

/** Finds the person of a verified token, or makes them known. */
export type FindUser = (claims: Claims) => Promise<Viewer>;

/** Finds the viewer behind an `Authorization` header or `connectionParams.authorization`. Throws Unauthenticated. */
export type Authenticate = (authorization: unknown) => Promise<Viewer>;

/** The credential of a bearer; undefined for what is none. */
function bearerText(authorization: string): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,8192}) *$/i.exec(authorization)?.[1];
}

/** Whether a header has an API key, by how it looks: then the database decides over it, and no identity provider. */
export function isApiKey(authorization: string): boolean {
  return bearerText(authorization)?.startsWith(apiKeyPrefix) ?? false;
}

/** Knows the admin key, API keys and the organisation's tokens, by how they look; one answer to all that is none. */
export function createAuthenticate(options: {
  adminKey: string;
  verifyToken: VerifyToken;
  findApiKey: FindApiKey;
  findUser: FindUser;
}): Authenticate {
  const { adminKey, verifyToken, findApiKey, findUser } = options;
  const adminHash = hashSecret(adminKey);
  return async (authorization) => {
    const text = typeof authorization === 'string' ? bearerText(authorization) : undefined;
    if (text === undefined) throw new Unauthenticated();
    const hash = hashSecret(text);
    if (isSameHash(adminHash, hash)) return { kind: 'ADMIN' };
    if (!text.startsWith(apiKeyPrefix)) {
      const claims = await verifyToken(text);
      if (!claims) throw new Unauthenticated();
      return findUser(claims);
    }
    const key = await findApiKey(hash);
    if (!key) throw new Unauthenticated();
    return key;
  };
}
