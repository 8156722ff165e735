import { afterEach, expect, it } from '@jest/globals';
import { startDeliveringProvider } from '../support/delivering-provider.ts';
import { Dramatis, picture } from '../support/dramatis.ts';
import { numbered } from '../support/pictures.ts';

const many = 10_000;
let dramatis: Dramatis;
afterEach(() => dramatis.stop());

it('ten thousand pictures of one run are all kept, each in its place; what is beyond is kept as a list', async () => {
  const provider = await startDeliveringProvider();
  dramatis = await Dramatis.start({ environment: { SEGMIND_BASE_URL: provider.url } });
  dramatis.onStop(() => provider.close());
  const { characterId } = await dramatis.cast();
  const png = await picture('#3a5', 8);
  provider.result = {
    body: { images: Array.from({ length: many + 7 }, (_, number) => `${provider.url}/many/${number}`) },
  };
  provider.override = (path) => {
    const [, number] = /^\/many\/(\d+)$/.exec(path) ?? [];
    return number === undefined ? undefined : { body: numbered(png, Number(number)) };
  };
  const id = await dramatis.generate(characterId);
  const { status } = await dramatis.settle(id);
  expect(status).toBe('COMPLETED');
  const [kept] = await dramatis.database.query(
    `SELECT count(*)::int AS places, count(DISTINCT index)::int AS indexes, max(index) AS last, count(DISTINCT image_id)::int AS pictures
     FROM generated_images`,
  );
  expect(kept).toEqual({ places: many, indexes: many, last: many - 1, pictures: many });
  const { generation } = await dramatis.get(
    'query ($id: ID!) { generation(id: $id) { outputProblems { index code url } } }',
    { id },
  );
  expect(generation.outputProblems).toEqual([
    { index: many, code: 'TOO_MANY', url: expect.stringContaining(dramatis.url) },
  ]);
  const list = await fetch(generation.outputProblems[0].url);
  expect(await list.json()).toEqual(
    Array.from({ length: 7 }, (_, number) => `${provider.url}/many/${many + number}`),
  );
}, 900_000);
