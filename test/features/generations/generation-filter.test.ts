import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromGlobalId, toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { insertRun, type Run } from '../../support/ended-runs.ts';
import type { team } from '../../support/people.ts';
import { seed } from '../../support/seed.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
let characters: string[] = [];
/** The runs of the project in the order in which they were asked for, by a word for each. */
const runs = new Map<string, string>();
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  const made = await seed(dramatis).team().character().character().make();
  cast = made;
  const asked: [string, Partial<Run>, string?][] = [
    ['done', { batch: 'cover' }],
    ['failed', { status: 'FAILED', batch: 'cover' }],
    ['of another', { batch: 'back' }],
    ['waiting', { status: 'QUEUED', batch: 'cover' }, 'AWAITING_APPROVAL'],
    ['unknown', { status: 'QUEUED' }, 'UNCERTAIN'],
  ];
  for (const [index, [name, more, status]] of asked.entries()) {
    const id = await insertRun(dramatis.database, {
      projectId: fromGlobalId('Project', cast.projectId),
      characterId: made.characters[name === 'of another' ? 1 : 0].row,
      requestedAt: `2026-03-0${index + 1}T00:00:00Z`,
      ...more,
    });
    runs.set(toGlobalId('Generation', id), name);
    if (status)
      await dramatis.database.query(
        'UPDATE generations SET status = $2::"GenerationStatus", holds_slot = false WHERE id = $1',
        [id, status],
      );
  }
  const other = await seed(dramatis).project('Other', cast.owner).character().run({ batch: 'cover' }).make();
  characters = [...made.characters, ...other.characters].map(({ id }) => id);
});
afterAll(() => dramatis.stop());

interface Listed {
  readonly totalCount: number;
  readonly pageInfo: { endCursor: string | null; hasNextPage: boolean };
  readonly nodes: readonly { id: string }[];
}

async function list(
  filter: object | null,
  { of = 'project' as 'project' | 'character', first = 100, after = null as string | null } = {},
) {
  const document = `query ($filter: GenerationFilter, $first: Int!, $after: String) {
    ${of}(id: "${of === 'project' ? cast.projectId : characters[0]}") {
      generations(filter: $filter, first: $first, after: $after) { totalCount pageInfo { endCursor hasNextPage } nodes { id } } } }`;
  const { data, errors } = await dramatis.ask<Record<typeof of, { generations: Listed }>>(
    document,
    { filter, first, after },
    cast.viewer,
  );
  if (errors) return { code: errors[0]?.extensions.code };
  const { totalCount, pageInfo, nodes } = data[of].generations;
  return { totalCount, pageInfo, names: nodes.map(({ id }) => runs.get(id)) };
}

describe('the runs of a project', () => {
  it.each([[{ statuses: ['NONE'] }], [{ batch: 'a\0b' }], [{ batch: 'x'.repeat(201) }], [{ costs: 1 }]])(
    'are not asked for by %j',
    async (filter) => {
      expect(await list(filter)).toEqual({ code: 'BAD_USER_INPUT' });
    },
  );

  it.each([
    ['nothing', () => ({}), ['unknown', 'waiting', 'of another', 'failed', 'done']],
    ['what waits for an owner', () => ({ statuses: ['AWAITING_APPROVAL'] }), ['waiting']],
    ['two statuses', () => ({ statuses: ['UNCERTAIN', 'FAILED'] }), ['unknown', 'failed']],
    ['no status', () => ({ statuses: [] }), []],
    ['a batch', () => ({ batch: 'cover' }), ['waiting', 'failed', 'done']],
    ['a batch that there is none of', () => ({ batch: 'Cover' }), []],
    ['a character', () => ({ characterId: characters[1] }), ['of another']],
    ['a batch and a status', () => ({ batch: 'cover', statuses: ['FAILED', 'UNCERTAIN'] }), ['failed']],
    ["another project's character", () => ({ characterId: characters[2] }), []],
    ['an id of another type', () => ({ characterId: cast.projectId }), []],
    ['nonsense', () => ({ characterId: 'nonsense' }), []],
  ])('are filtered by %s', async (_, filter, names) => {
    expect(await list(filter())).toMatchObject({ totalCount: names.length, names });
  });

  it('are read in pages of what the filter leaves', async () => {
    const filter = { batch: 'cover' };
    const page = await list(filter, { first: 2 });
    expect(page).toMatchObject({
      totalCount: 3,
      names: ['waiting', 'failed'],
      pageInfo: { hasNextPage: true },
    });
    expect(await list(filter, { first: 2, after: page.pageInfo?.endCursor ?? null })).toMatchObject({
      totalCount: 3,
      names: ['done'],
      pageInfo: { hasNextPage: false },
    });
  });
});

it('the runs of a character are filtered the same way, and stay those of the character', async () => {
  const of = 'character';
  expect(await list({ batch: 'cover', statuses: ['COMPLETED'] }, { of })).toMatchObject({
    totalCount: 1,
    names: ['done'],
  });
  expect(await list({ characterId: characters[0] }, { of })).toMatchObject({ totalCount: 4 });
  expect(await list({ characterId: characters[1] }, { of })).toMatchObject({ totalCount: 0, names: [] });
});
