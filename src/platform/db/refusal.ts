import { z } from 'zod';

/** Where the pg adapter puts Postgres' code, inside Prisma's P2039 for its own statements and P2010 for raw ones. */
const adapterError = z.object({
  meta: z.object({ driverAdapterError: z.object({ cause: z.object({ originalCode: z.string() }) }) }),
});

/**
 * Whether Postgres refused a write because of its values: data of a wrong form, or a violated constraint. The
 * transaction was rolled back.
 */
export function isRefusal(error: unknown): boolean {
  return /^2[23]/.test(postgresCode(error) ?? '');
}

/** Postgres' code in an error of Prisma; undefined when there is none. */
export function postgresCode(error: unknown): string | undefined {
  return adapterError.safeParse(error).data?.meta.driverAdapterError.cause.originalCode;
}
