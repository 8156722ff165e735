import { hkdfSync } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { databaseTime } from '../../platform/db/clock.ts';
import { quotedInputs } from '../run-inputs/identity.ts';
import type { PreparedRun } from './prepare-run.ts';

/*
 * A quote is a signed token, so that it needs no table, and each process on the database can verify it.
 */
const audience = 'quote';
const algorithm = 'HS256';

const micros = z
  .string()
  .regex(/^\d{1,18}$/)
  .transform(BigInt);
const terms = z.object({
  projectId: z.uuid(),
  /** The provider environment that the prices are from. */
  environment: z.string(),
  /** The hash of the quoted inputs, made by `quotedInputs`. */
  inputs: z.string().length(64),
  holdMicros: micros,
});

type Tools = Uses<'db' | 'config' | 'imageSecret'>;

function quoteKey({ imageSecret }: Tools): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', imageSecret, '', 'dramatis quotes', 32));
}

/** The hash of the inputs that a quote is for. */
function inputsOf({ characterId, resultKey, givenSeed }: PreparedRun): string {
  return quotedInputs(characterId, resultKey, givenSeed);
}

/** Signs a quote for a run. It is valid until `expiresAt`. */
export async function signQuote(ctx: Tools, run: PreparedRun): Promise<{ id: string; expiresAt: Date }> {
  const now = await databaseTime(ctx.db);
  const expiresAt = new Date(now.getTime() + ctx.config.QUOTE_LIFETIME_MS);
  const quoted: z.input<typeof terms> = {
    projectId: run.projectId,
    environment: run.environment,
    inputs: inputsOf(run),
    holdMicros: run.estimate.holdMicros.toString(),
  };
  const id = await new SignJWT(quoted)
    .setProtectedHeader({ alg: algorithm })
    .setAudience(audience)
    .setExpirationTime(expiresAt)
    .sign(quoteKey(ctx));
  return { id, expiresAt };
}

/**
 * Verifies a quote and checks that it is for this run. Resolves to the quoted hold. Throws Conflict: QUOTE_INVALID for
 * a text that is no quote of this project, QUOTE_EXPIRED, QUOTE_DIFFERS.
 */
export async function honourQuote(
  ctx: Tools,
  id: string,
  run: PreparedRun,
): Promise<Pick<z.output<typeof terms>, 'holdMicros'>> {
  const refuse = (code: string, message: string) => new Conflict(code, message, ['input', 'quoteId']);
  const currentDate = await databaseTime(ctx.db);
  const verified = await jwtVerify(id, quoteKey(ctx), {
    audience,
    algorithms: [algorithm],
    currentDate,
  }).catch((error: unknown) => {
    if (error instanceof errors.JWTExpired) throw refuse('QUOTE_EXPIRED', 'This quote has expired.');
    return null;
  });
  const quoted = terms.safeParse(verified?.payload);
  if (!quoted.success || quoted.data.projectId !== run.projectId)
    throw refuse('QUOTE_INVALID', 'This is not a quote for this project.');
  if (quoted.data.environment !== run.environment)
    throw refuse('QUOTE_INVALID', 'This quote was made in another provider environment.');
  if (quoted.data.inputs !== inputsOf(run)) {
    throw refuse(
      'QUOTE_DIFFERS',
      "The quote was made for another input, or the character's texts or reference images have changed since.",
    );
  }
  return quoted.data;
}
