import { dayMs } from '../../days.ts';
import type { FindUser } from '../../platform/auth/authenticate.ts';
import type { Uses } from '../../platform/context.ts';

/** Makes the function that finds a user by the claims of their token, and stores the claims that have changed. */
export function createFindUser({ db }: Uses<'db'>): FindUser {
  return async ({ issuer, subject, name, expiresAt, hasDoubtfulEmail, ...claims }) => {
    const known = await db.user.findUnique({ where: { issuer_subject: { issuer, subject } } });
    // A token without an address leaves the stored one as it is. An address that is not verified removes it.
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
  };
}

/** The moment of a visit is written once a day, so that not every request costs a write. */
function isStale(seenAt: Date, now: Date): boolean {
  return seenAt.getTime() < now.getTime() - dayMs;
}
