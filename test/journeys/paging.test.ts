import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toGlobalId } from '../../src/platform/reads/global-id.ts';
import { Dramatis } from '../support/dramatis.ts';
import { fillLibrary, type Library, projectOf } from '../support/library.ts';

let dramatis: Dramatis;
let library: Library;
let urls: Record<string, string>;
let generationId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api', COST_BURST: '10000000' } });
  const reference = await dramatis.startServer({ EXECUTOR: 'graphql-js' });
  urls = { compiled: dramatis.url, 'graphql-js': reference.url ?? '' };
  library = await fillLibrary(dramatis.database, { characters: 13, referenceImages: 8, runs: 9 });
  const [run] = await dramatis.database.query(
    "SELECT id::text AS id FROM generations WHERE project_id = $1 AND status = 'COMPLETED' LIMIT 1",
    [library.projectId],
  );
  generationId = String(run?.id);
  // Two it has already.
  await dramatis.database.query(
    `INSERT INTO generated_images (id, generation_id, "index", image_id)
     SELECT gen_random_uuid(), $1, i, (SELECT id FROM images WHERE project_id = $2 LIMIT 1) FROM generate_series(2, 12) i`,
    [generationId, library.projectId],
  );
});
afterAll(() => dramatis.stop());

interface Paged {
  readonly nodes: readonly { id: string }[];
  readonly pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
  readonly totalCount: number;
}

const lists = [
  ['Project.characters', 13],
  ['Project.generations', 108],
  ['Project.ledger', undefined],
  ['Character.generations', 9],
  ['Character.referenceImagesConnection', 8],
  ['Generation.imagesConnection', 13],
] as const;

async function page(list: string, args: string, executor = 'compiled'): Promise<Paged> {
  const [type = '', field = ''] = list.split('.');
  const ids: Record<string, string> = {
    Project: projectOf(library),
    Character: toGlobalId('Character', library.characterIds[4] ?? ''),
    Generation: toGlobalId('Generation', generationId),
  };
  const id = ids[type];
  const document = `{ ${type.toLowerCase()}(id: "${id}") { ${field}(${args}) {
    totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
  const data = await dramatis.get<Record<string, Record<string, Paged>>>(
    document,
    {},
    { url: urls[executor] },
  );
  const paged = data[type.toLowerCase()]?.[field];
  if (!paged) throw new Error(`There is no ${list}.`);
  return paged;
}

/** Walks a whole list; `between` happens after each page. */
async function walk(
  list: string,
  direction: 'first' | 'last',
  executor: string,
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const position: string =
      cursor === null ? '' : `, ${direction === 'first' ? 'after' : 'before'}: "${cursor}"`;
    const { nodes, pageInfo }: Paged = await page(list, `${direction}: 4${position}`, executor);
    const read = nodes.map(({ id }) => id);
    if (direction === 'first') ids.push(...read);
    else ids.unshift(...read);
    const goesOn = direction === 'first' ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
    if (!goesOn) return ids;
    cursor = direction === 'first' ? pageInfo.endCursor : pageInfo.startCursor;
    await between();
  }
}

describe.each(['compiled', 'graphql-js'])('a list, page by page, by %s', (executor) => {
  it.each(lists)('%s is the same from either end, each item once, ties broken', async (list, count) => {
    const forwards = await walk(list, 'first', executor);
    const backwards = await walk(list, 'last', executor);
    expect(backwards).toEqual(forwards);
    expect(new Set(forwards).size).toBe(forwards.length);
    const { totalCount } = await page(list, 'first: 1', executor);
    expect(forwards).toHaveLength(totalCount);
    if (count !== undefined) expect(totalCount).toBe(count);
  });

  it('has the pictures of a run in the order of their places, all of them', async () => {
    const ids = await walk('Generation.imagesConnection', 'first', executor);
    const rows = await dramatis.database.query(
      'SELECT id::text AS id FROM generated_images WHERE generation_id = $1 ORDER BY "index"',
      [generationId],
    );
    expect(ids).toEqual(rows.map((row) => toGlobalId('GeneratedImage', String(row.id))));
  });

  it('takes no cursor of a list in another order', async () => {
    const { pageInfo } = await page('Project.characters', 'first: 1', executor);
    const { errors } = await dramatis.ask(
      `{ generation(id: "${toGlobalId('Generation', generationId)}") { imagesConnection(first: 1, after: "${pageInfo.endCursor}") { nodes { id } } } }`,
      {},
      { url: urls[executor] },
    );
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  it('knows what is beside a page', async () => {
    const list = 'Project.characters';
    const all = (await page(list, 'first: 100', executor)).nodes.map(({ id }) => id);
    const first = await page(list, 'first: 5', executor);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = await page(list, `first: 5, after: "${first.pageInfo.endCursor}"`, executor);
    expect(second.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    expect(second.nodes.map(({ id }) => id)).toEqual(all.slice(5, 10));
    const back = await page(list, `last: 3, before: "${second.pageInfo.startCursor}"`, executor);
    expect(back.nodes.map(({ id }) => id)).toEqual(all.slice(2, 5));
    expect(back.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const between = await page(
      list,
      `last: 2, after: "${first.pageInfo.endCursor}", before: "${second.pageInfo.endCursor}"`,
      executor,
    );
    expect(between.nodes.map(({ id }) => id)).toEqual(all.slice(7, 9));
    const end = await page(list, 'last: 5', executor);
    expect(end.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(end.nodes.map(({ id }) => id)).toEqual(all.slice(-5));
  });

  it('has an end: behind the last item there is nothing, and no cursor', async () => {
    const { pageInfo } = await page('Project.characters', 'last: 1', executor);
    const behind = await page('Project.characters', `first: 5, after: "${pageInfo.endCursor}"`, executor);
    expect(behind).toMatchObject({
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
      totalCount: 13,
    });
  });
});

describe('a list that grows while it is paged', () => {
  it.each(['first', 'last'] as const)('repeats nothing and skips nothing, from %s', async (direction) => {
    const before = await walk('Project.generations', 'first', 'compiled');
    const { query } = dramatis.database;
    const read = await walk('Project.generations', direction, 'compiled', () =>
      // Newer than all, older than all, and at a moment that others share.
      query(
        `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, parameters, "references",
           seed, wakeup_id, hold_micros, requested_at)
         SELECT gen_random_uuid(), $1, $2, repeat('0', 64), 'consistent-character', '1', '{}', '[]', 1, gen_random_uuid(), 1, at
         FROM unnest(ARRAY[now(), '2020-01-01', (SELECT requested_at FROM generations WHERE project_id = $1 LIMIT 1)]) at`,
        [library.projectId, library.characterIds[0]],
      ),
    );
    expect(new Set(read).size).toBe(read.length);
    expect(read.filter((id) => before.includes(id))).toEqual(before);
  });
});
