import { Prisma } from '../../platform/db/generated/client.ts';
import { type IdType, idsOf } from '../../platform/reads/global-id.ts';
import { dimensionsOf } from './dimensions.ts';
import type { SpendGrouping } from './grouping.ts';
import type { SpendFilter } from './spend.type.ts';

/** The runs of a report. */
export interface Scope {
  /** Null for all projects. */
  readonly projectId: string | null;
  readonly groupBy: readonly SpendGrouping[];
  readonly filter?: SpendFilter | null;
}

/**
 * The slice that a report reads. The rollups have each day in each slice: by one dimension, or by all dimensions
 * together. The smallest slice that has the needed dimensions may have one row where another has hundreds.
 */
function sliceFor({ groupBy, filter }: Scope): string {
  const needed = dimensionsOf({ groupBy, filter: filter && { ...filter } });
  return needed.length > 1 ? 'ALL' : (needed[0] ?? 'MODEL');
}

/** The condition for a report's rows of `spend_rollups`, without their day, in the database's provider environment. */
export function matching(scope: Scope): Prisma.Sql {
  const { models, characterIds, userIds, apiKeyIds, statuses, projectIds } = scope.filter ?? {};
  const anyOf = (column: Prisma.Sql, globalIds: readonly string[] | null | undefined, type: IdType) =>
    globalIds ? [Prisma.sql`${column} = ANY(${idsOf(globalIds, type)}::uuid[])`] : [];
  const conditions = [
    Prisma.sql`environment = provider_environment() AND slice = ${sliceFor(scope)}`,
    ...(scope.projectId === null ? [] : [Prisma.sql`project_id = ${scope.projectId}::uuid`]),
    ...anyOf(Prisma.sql`project_id`, projectIds, 'Project'),
    ...anyOf(Prisma.sql`character_id`, characterIds, 'Character'),
    ...anyOf(Prisma.sql`user_id`, userIds, 'User'),
    ...anyOf(Prisma.sql`api_key_id`, apiKeyIds, 'ApiKey'),
    ...(models ? [Prisma.sql`model = ANY(${models}::text[])`] : []),
    ...(statuses ? [Prisma.sql`status = ANY(${statuses}::text[])`] : []),
  ];
  return Prisma.join(conditions, ' AND ');
}
