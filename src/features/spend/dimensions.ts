import type { SpendGrouping } from './grouping.ts';

/** The dimensions that have a slice of their own in the rollups, and the filter by each. */
const filterOf = {
  MODEL: 'models',
  CHARACTER: 'characterIds',
  MEMBER: 'userIds',
  API_KEY: 'apiKeyIds',
} as const;
export type Dimension = keyof typeof filterOf;
const dimensions = ['MODEL', 'CHARACTER', 'MEMBER', 'API_KEY'] as const satisfies readonly Dimension[];

/** The dimensions that a report needs, because it is grouped or filtered by them. */
export function dimensionsOf({
  groupBy,
  filter,
}: {
  readonly groupBy: readonly SpendGrouping[];
  readonly filter?: Readonly<Partial<Record<string, unknown>>> | null;
}): Dimension[] {
  return dimensions.filter((each) => groupBy.includes(each) || filter?.[filterOf[each]]);
}
