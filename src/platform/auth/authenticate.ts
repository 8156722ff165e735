import { Unauthenticated } from '../../errors.ts';
import type { Database } from '../db/connect.ts';
import type { Claims, VerifyToken } from './access-token.ts';
import type { Role } from './policy.ts';
import { apiKeyPrefix, hashSecret, isSameSecret } from './secret.ts';
import type { Viewer } from './viewer.ts';

/** Finds the viewer behind an `Authorization` header or `connectionParams.authorization`. Throws Unauthenticated. */
export type Authenticate = (authorization: unknown) => Promise<Viewer>;

/** Knows the admin key, API keys and the organisation's tokens, by how they look; one answer to all that is none. */
export function createAuthenticate(options: {
  adminKey: string;
  db: Database;
  verifyToken: VerifyToken;
}): Authenticate {
  const { adminKey, db, verifyToken } = options;
  return async (authorization) => {
    const bearer =
      typeof authorization === 'string' ? /^Bearer +([\x21-\x7e]{1,8192}) *$/i.exec(authorization) : null;
    const text = bearer?.[1];
    if (text === undefined) throw new Unauthenticated();
    if (isSameSecret(text, adminKey)) return { kind: 'ADMIN' };
    const viewer = text.startsWith(apiKeyPrefix)
      ? await findApiKey(db, text)
      : await findUser(db, await verifyToken(text));
    if (!viewer) throw new Unauthenticated();
    return viewer;
  };
}

/** Noted this often, so that a busy key does not cost a write each time. */
const noteUseEvery = '1 minute';

async function findApiKey(db: Database, text: string): Promise<Viewer | null> {
  const [key] = await db.$queryRaw<
    {
      apiKeyId: string;
      userId: string | null;
      projectId: string;
      role: Role;
      allowedModels: string[];
      expiresAt: Date | null;
      isUseStale: boolean;
    }[]
  >`
    SELECT k.id::text AS "apiKeyId", k.user_id::text AS "userId", k.project_id::text AS "projectId", k.effective_role::text AS role,
      k.allowed_models AS "allowedModels", k.expires_at AS "expiresAt",
      k.last_used_at IS NULL OR k.last_used_at < now() - ${noteUseEvery}::interval AS "isUseStale"
    FROM live_api_keys k WHERE k.secret_hash = ${hashSecret(text)}`;
  if (!key) return null;
  const { isUseStale, ...viewer } = key;
  if (isUseStale)
    await db.$executeRaw`UPDATE api_keys SET last_used_at = now() WHERE id = ${viewer.apiKeyId}::uuid`;
  return { kind: 'API_KEY', ...viewer };
}

async function findUser(db: Database, claims: Claims | null): Promise<Viewer | null> {
  if (!claims) return null;
  const { issuer, subject, name, expiresAt, hasDoubtfulEmail } = claims;
  const known = await db.user.findUnique({ where: { issuer_subject: { issuer, subject } } });
  // A token without an address says nothing about the one that is known; a doubtful one says that it is not.
  const email = claims.email ?? (hasDoubtfulEmail ? null : (known?.email ?? null));
  const isAsKnown = known && known.email === email && known.name === name;
  const user = isAsKnown
    ? known
    : await db.user.upsert({
        where: { issuer_subject: { issuer, subject } },
        create: { issuer, subject, email, name },
        update: { email, name },
      });
  return { kind: 'USER', userId: user.id, email, hasDoubtfulEmail, expiresAt };
}
