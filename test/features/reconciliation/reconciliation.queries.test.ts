import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { formatMicros } from '../../../src/money.ts';
import { Dramatis } from '../../support/dramatis.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  // Without a worker no process observes the balance.
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
});
afterAll(() => dramatis.stop());

interface Lines {
  readonly totalCount: number;
  readonly nodes: readonly { fell: string }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}
async function read(first: number, after: string | null = null): Promise<Lines> {
  const { reconciliation } = await dramatis.get(
    `query ($first: Int!, $after: String) { reconciliation(first: $first, after: $after) {
      account lines { totalCount nodes { fell } pageInfo { endCursor hasNextPage } } } }`,
    { first, after },
  );
  return reconciliation.lines;
}

/** Observations of the server's account by their ids, all at one moment; each balance is lower than those before by its id. */
async function observe(...ids: number[]) {
  const { reconciliation } = await dramatis.get('{ reconciliation(first: 1) { account } }');
  for (const id of ids)
    await dramatis.database.query(
      `INSERT INTO balance_observations (id, provider_account, at, balance_micros, spent_micros, open_runs, held_micros, is_quiet)
       VALUES ($1::bigint, $2, '2026-11-01T12:00:00Z', 10::bigint ^ 15 - power(2::bigint, $1::int), 0, 0, 0, true)`,
      [id, reconciliation.account],
    );
}
/** By how much the balance falls from each observation to the next, newest first. */
const falls = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => formatMicros(2n ** BigInt(to - index - 1)));

it('a line lies between two observations, so there is one less of them; without any there is none', async () => {
  expect(await read(5)).toMatchObject({ totalCount: 0, nodes: [] });
  await observe(9);
  expect(await read(5)).toMatchObject({ totalCount: 0, nodes: [] });
  await observe(4);
  expect(await read(5)).toMatchObject({ totalCount: 1, nodes: [{ fell: '0.000496' }] });
});

it('observations of the same moment are in the order of their ids, on one page and over many', async () => {
  const others = Array.from({ length: 41 }, (_, index) => (index * 17) % 41).filter(
    (id) => id !== 0 && id !== 4 && id !== 9,
  );
  await observe(...others);
  const all = await read(100);
  expect([all.totalCount, all.nodes.map(({ fell }) => fell)]).toEqual([39, falls(1, 40)]);
  const paged: string[] = [];
  let after: string | null = null;
  do {
    const { nodes, pageInfo, totalCount }: Lines = await read(3, after);
    expect(totalCount).toBe(39);
    paged.push(...nodes.map(({ fell }) => fell));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null);
  expect(paged).toEqual(falls(1, 40));
});
