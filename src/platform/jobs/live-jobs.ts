import { Prisma } from '../db/generated/client.ts';
import type { JobKind } from './job.ts';

/**
 * The SQL condition that a job of this kind has not ended: it waits or is worked on. `id` is the SQL expression of the
 * job's id.
 */
export function isLiveJob({ name }: Pick<JobKind<never>, 'name'>, id: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`EXISTS (SELECT 1 FROM pgboss.job j WHERE j.name = ${name} AND j.id = ${id} AND j.state < 'completed')`;
}
