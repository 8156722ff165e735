import { dayMs } from '../../days.ts';
import { Unauthenticated } from '../../errors.ts';
import type { Database } from '../db/connect.ts';
import type { Reader } from '../reads/reader.ts';
import type { Claims, VerifyToken } from './access-token.ts';
import { createFindApiKey } from './find-api-key.ts';
import { apiKeyPrefix, hashSecret, isSameHash } from './secret.ts';
import type { Viewer } from './viewer.ts';

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
  db: Database;
  reader: Reader;
  verifyToken: VerifyToken;
}): Authenticate {
  const { adminKey, db, verifyToken } = options;
  const findApiKey = createFindApiKey(options);
  const adminHash = hashSecret(adminKey);
  return async (authorization) => {
    const text = typeof authorization === 'string' ? bearerText(authorization) : undefined;
    if (text === undefined) throw new Unauthenticated();
    const hash = hashSecret(text);
    if (isSameHash(adminHash, hash)) return { kind: 'ADMIN' };
    const viewer = text.startsWith(apiKeyPrefix)
      ? await findApiKey(hash)
      : await findUser(db, await verifyToken(text));
    if (!viewer) throw new Unauthenticated();
    return viewer;
  };
}

async function findUser(db: Database, claims: Claims | null): Promise<Viewer | null> {
  if (!claims) return null;
  const { issuer, subject, name, expiresAt, hasDoubtfulEmail } = claims;
  const known = await db.user.findUnique({ where: { issuer_subject: { issuer, subject } } });
  // A token without an address says nothing about the one that is known; a doubtful one says that it is not.
  const email = claims.email ?? (hasDoubtfulEmail ? null : (known?.email ?? null));
  const now = new Date();
  const isAsKnown = known && known.email === email && known.name === name && !isStale(known.seenAt, now);
  const user = isAsKnown
    ? known
    : await db.user.upsert({
        where: { issuer_subject: { issuer, subject } },
        create: { issuer, subject, email, name },
        update: { email, name, seenAt: now },
      });
  return { kind: 'USER', userId: user.id, email, hasDoubtfulEmail, expiresAt };
}

/** That they came is noted once a day, so that not every request costs a write. */
function isStale(seenAt: Date, now: Date): boolean {
  return seenAt.getTime() < now.getTime() - dayMs;
}
