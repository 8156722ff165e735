import { z } from 'zod';

/** How the pg adapter tells what Postgres said, below Prisma's P2039 for its own statements and P2010 for raw ones. */
const said = z.object({
  meta: z.object({ driverAdapterError: z.object({ cause: z.object({ originalCode: z.string() }) }) }),
});

/**
 * Whether Postgres refused a write for what it says: data that has no such form, or a constraint. The transaction left
 * nothing behind.
 */
export function isRefusal(error: unknown): boolean {
  return /^2[23]/.test(postgresCode(error) ?? '');
}

/** Postgres' own code of what Prisma tells. */
export function postgresCode(error: unknown): string | undefined {
  return said.safeParse(error).data?.meta.driverAdapterError.cause.originalCode;
}
