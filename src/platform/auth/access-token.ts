import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import { z } from 'zod';
import { Unavailable } from '../../errors.ts';
import { cleanText, isIdentity } from '../../text.ts';
import { fetchKeySet } from './key-set.ts';

/** The claims of a valid token about its bearer. */
export interface Claims {
  readonly issuer: string;
  readonly subject: string;
  /** Lower case; null when the token has no address, or says that the address is not verified. */
  readonly email: string | null;
  /** Whether the token has an address that cannot be used: it is not verified, or not well-formed. */
  readonly hasDoubtfulEmail: boolean;
  readonly name: string | null;
  readonly expiresAt: Date;
}

/** Where tokens come from: a key set at a URL, or a shared secret. */
export interface TokenOptions {
  readonly jwksUrl: string | undefined;
  readonly secret: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
}

/** Resolves to a token's claims, or to null when the token is not valid. Throws Unavailable without the key set. */
export type VerifyToken = (token: string) => Promise<Claims | null>;

/** A shared secret allows HMAC only, and a key set never allows it: a public key must not be used as an HMAC secret. */
const algorithms = {
  secret: ['HS256', 'HS384', 'HS512'],
  jwks: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
};
/** The clocks of two hosts differ. */
const clockToleranceSeconds = 5;

const maxNameLength = 200;

/** The year 9999. Postgres does not understand how JavaScript writes a later year. */
const latest = Date.UTC(9_999, 0);

const identity = (maximum: number) => z.string().max(maximum).refine(isIdentity);
const header = z.object({ kid: identity(1_000).optional() });

const claims = z
  .object({
    iss: identity(1_000).default(''),
    sub: identity(255).min(1),
    exp: z.number(),
    // Undefined when the token has no address, null when its address is not well-formed.
    email: z.preprocess(
      (email) => email ?? undefined,
      z.union([z.email().max(320), z.undefined()]).or(z.unknown().transform(() => null)),
    ),
    email_verified: z
      .union([z.boolean(), z.literal('true'), z.literal('false')])
      .nullish()
      .catch(false)
      .transform((verified) => verified !== false && verified !== 'false'),
    name: z
      .string()
      .transform((text) => cleanText(text, maxNameLength) || null)
      .nullish()
      .catch(null),
  })
  .transform(({ iss, sub, exp, email, email_verified, name }) => ({
    issuer: iss,
    subject: sub,
    email: email && email_verified ? email.toLowerCase() : null,
    hasDoubtfulEmail: email !== undefined && !(email && email_verified),
    name: name ?? null,
    expiresAt: new Date(Math.min(exp * 1_000, latest)),
  }));

/** Reads a token whose signature is valid; null when its subject, its issuer or its key id is not well-formed. */
export function readClaims({
  protectedHeader,
  payload,
}: Pick<JWTVerifyResult, 'protectedHeader' | 'payload'>): Claims | null {
  return header.safeParse(protectedHeader).success ? (claims.safeParse(payload).data ?? null) : null;
}

/**
 * Checks signature, issuer, audience and time of the organisation's tokens. Without a key set and a secret, every token
 * is refused.
 */
export function createVerifyToken({ jwksUrl, secret, issuer, audience }: TokenOptions): VerifyToken {
  const common: JWTVerifyOptions = {
    issuer,
    audience,
    clockTolerance: clockToleranceSeconds,
  };
  const fetching = { timeoutDuration: 5_000, [customFetch]: fetchKeySet };
  const keySet = jwksUrl === undefined ? undefined : createRemoteJWKSet(new URL(jwksUrl), fetching);
  const secretKey = secret === undefined ? undefined : new TextEncoder().encode(secret);

  async function verify(token: string) {
    if (keySet) return jwtVerify(token, keySet, { ...common, algorithms: algorithms.jwks });
    if (secretKey) return jwtVerify(token, secretKey, { ...common, algorithms: algorithms.secret });
    return null;
  }

  return async (token) => {
    try {
      const verified = await verify(token);
      return verified && readClaims(verified);
    } catch (error) {
      const isTokenAtFault =
        error instanceof errors.JOSEError &&
        !(error instanceof errors.JWKSTimeout) &&
        !(error instanceof errors.JWKSInvalid);
      if (isTokenAtFault && !isKeySetAway(error)) return null;
      throw new Unavailable('The identity provider does not answer at the moment. Try again.', {
        cause: error,
      });
    }
  };
}

/** jose has no error class of its own for a key set whose URL answers with another status than 200. */
function isKeySetAway(error: errors.JOSEError): boolean {
  return error.code === 'ERR_JOSE_GENERIC';
}
