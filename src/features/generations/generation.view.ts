import { checkText } from '../../platform/graphql/text.ts';
import { arrayText, type Condition } from '../../platform/reads/condition.ts';
import { tables } from '../../platform/reads/generated/tables.ts';
import { parseGlobalId } from '../../platform/reads/global-id.ts';
import { type List, newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';
import type { GenerationFilter } from './generation.type.ts';
import { generationStatuses, isFinal } from './generation-state.ts';

export const generationView = view(tables.Generation);

type GenerationRow = ReturnType<typeof generationView.parse>;

type Filtered = { readonly filter?: GenerationFilter | null };

/**
 * Runs are only added, with the moment at which they are added, and are removed only with their project. No transaction
 * that adds a run takes an hour. A run that has ended keeps its status, so statuses are settled before the oldest run of the
 * project that has not ended.
 */
function settledIn(project: string): NonNullable<List['settled']> {
  const settled = (moment: string) =>
    `(SELECT CASE WHEN p.deleting_at IS NULL THEN ${moment} ELSE '-infinity' END FROM projects p WHERE p.id = ${project})`;
  const rows = "date_trunc('milliseconds', now() - interval '1 hour')";
  const open = generationStatuses.filter((status) => !isFinal(status)).join(',');
  // Asked as the first run from each status on: only the index by status has this order, so no other one is chosen.
  const oldestOpen = `(SELECT min(first.at) FROM unnest('{${open}}'::"GenerationStatus"[]) AS one(status) CROSS JOIN LATERAL (
      SELECT g.status, g.requested_at AS at FROM generations g WHERE g.project_id = p.id AND g.status >= one.status
      ORDER BY g.status, g.requested_at LIMIT 1) first WHERE first.status = one.status)`;
  return { rows: settled(rows), values: settled(`least(${rows}, ${oldestOpen})`) };
}

export const generationsOfProject: List<GenerationRow, Filtered> = {
  ...newest(generationView, 'projectId', 'requestedAt', ({ filter }: Filtered) => [
    ...statusesOf(filter, (oneOf) => ({
      column: 'status',
      type: '"GenerationStatus"',
      oneOf,
      isMutable: true,
    })),
    ...otherConditions(filter),
  ]),
  settled: settledIn('parent.id'),
};

/** No index has a character's runs by status, so the runs are read in their order, and others are left out. */
export const generationsOfCharacter: List<GenerationRow, Filtered> = {
  ...newest(generationView, 'characterId', 'requestedAt', ({ filter }: Filtered) => [
    ...statusesOf(filter, (statuses) => ({
      sql: (place) => `t."status" = ANY(${place}::"GenerationStatus"[])`,
      value: arrayText(statuses),
      isSkewed: true,
      isMutable: true,
    })),
    ...otherConditions(filter),
  ]),
  settled: settledIn('(SELECT c.project_id FROM characters c WHERE c.id = parent.id)'),
};

type Statuses = NonNullable<GenerationFilter['statuses']>;

function statusesOf(
  filter: GenerationFilter | null | undefined,
  condition: (statuses: Statuses) => Condition,
): readonly Condition[] {
  return filter?.statuses ? [condition(filter.statuses)] : [];
}

function otherConditions(filter: GenerationFilter | null | undefined): readonly Condition[] {
  const { batch, characterId } = filter ?? {};
  const found: Condition[] = [];
  if (batch != null) {
    const value = checkText(['filter', 'batch'], batch, { maximum: 200 });
    found.push({ sql: (place) => `t."batch" = ${place}::text`, value });
  }
  if (characterId != null) {
    const id = parseGlobalId(characterId);
    // A malformed id gives an empty list, as the id of a character of another project does.
    if (id?.type !== 'Character') found.push({ sql: 'false' });
    else found.push({ sql: (place) => `t."character_id" = ${place}::uuid`, value: id.id });
  }
  return found;
}
