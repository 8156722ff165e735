import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findImageModel } from '../../../src/catalogue/catalogue.ts';
import type { Price } from '../../../src/catalogue/model.ts';
import { listObservedPrices } from '../../../src/features/prices/observed-price.queries.ts';
import {
  estimatePrice,
  estimateRun,
  findObserved,
  listPrice,
  type Observed,
} from '../../../src/features/prices/price-book.ts';
import { priceShape } from '../../../src/features/prices/price-shape.ts';
import { recordPrice } from '../../../src/features/prices/record-price.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { readConfig } from '../../../src/settings/config.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const nothing: Observed = {
  costs: 0,
  least: null,
  median: null,
  percentile95: null,
  greatest: null,
  times: 0,
  seconds5: null,
  seconds50: null,
  seconds95: null,
};
const seen = (least: bigint, median: bigint, greatest: bigint, costs = 20): Observed => ({
  ...nothing,
  costs,
  least,
  median,
  percentile95: greatest,
  greatest,
});
const rule = (per: Price['per'], micros: bigint | null): Price => ({
  per,
  micros,
  source: 'a page',
  date: '2026',
});

describe('what a run will cost', () => {
  it.each<[string, Price | null, number, Observed, [bigint | null, bigint | null, bigint | null, string]]>([
    ['nothing known', null, 3, nothing, [null, null, null, 'UNKNOWN']],
    ['a rule without a price', rule('GENERATION', null), 1, nothing, [null, null, null, 'UNKNOWN']],
    ['flat', rule('GENERATION', 580_000n), 4, nothing, [580_000n, 580_000n, 580_000n, 'PRICE_LIST']],
    ['by the picture', rule('IMAGE', 10_000n), 4, nothing, [40_000n, 40_000n, 40_000n, 'PRICE_LIST']],
    [
      'by the second: a mean, with room above',
      rule('GPU_SECOND', 85_000n),
      2,
      nothing,
      [null, 170_000n, 340_000n, 'PRICE_LIST'],
    ],
    [
      'seen, but too seldom to conclude',
      rule('GENERATION', 100n),
      1,
      seen(90n, 95n, 130n, 4),
      [100n, 100n, 130n, 'PRICE_LIST'],
    ],
    [
      'seen often: dearer than listed',
      rule('GENERATION', 100n),
      1,
      seen(110n, 120n, 130n),
      [110n, 120n, 130n, 'OBSERVED'],
    ],
    [
      'seen often: cheaper; the list may come true again',
      rule('GENERATION', 100n),
      1,
      seen(10n, 20n, 30n),
      [10n, 20n, 100n, 'OBSERVED'],
    ],
    [
      'by the second, seen often: it may take longer still',
      rule('GPU_SECOND', 100n),
      1,
      seen(80n, 90n, 133n),
      [80n, 90n, 167n, 'OBSERVED'],
    ],
    [
      'by the second, cheap so far: the mean of the list may come true',
      rule('GPU_SECOND', 100n),
      1,
      seen(1n, 1n, 1n),
      [1n, 1n, 100n, 'OBSERVED'],
    ],
    [
      'one mistake of the provider does not raise the holds of all runs',
      rule('GENERATION', 100n),
      1,
      seen(100n, 100n, 1_000_000n),
      [100n, 100n, 1_000n, 'OBSERVED'],
    ],
    [
      'nor does it from a few',
      rule('GENERATION', 100n),
      1,
      seen(1n, 1n, 9_999n, 2),
      [100n, 100n, 1_000n, 'PRICE_LIST'],
    ],
    ['no list, seen often', null, 1, seen(10n, 20n, 100n), [10n, 20n, 125n, 'OBSERVED']],
  ])('%s', (_, price, outputs, observed, [minimum, expected, maximum, source]) =>
    expect(estimatePrice(price, outputs, observed, 200n)).toEqual({
      minimum,
      expected,
      maximum,
      source,
      samples: observed.costs,
    }),
  );

  it('has a list price for each picture where time or pictures are billed', () => {
    expect([
      listPrice(rule('GENERATION', 5n), 80),
      listPrice(rule('IMAGE', 5n), 80),
      listPrice(rule('GPU_SECOND', 5n), 80),
      listPrice(null, 1),
    ]).toEqual([5n, 400n, 400n, null]);
  });

  it('has a source and a date for every price of the catalogue', () => {
    for (const slug of [
      'consistent-character',
      'consistent-character-with-pose',
      'consistent-character-ai-neolemon',
      'consistent-character-AI-neolemon-v3',
    ])
      expect(findImageModel(slug)?.price).toMatchObject({
        source: expect.stringMatching(/page|list/),
        date: expect.stringMatching(/^2026/),
      });
  });
});

describe('what the price depends on', () => {
  const shapeOf = (slug: string, parameters: object) => {
    const model = findImageModel(slug);
    if (!model) throw new Error(slug);
    return priceShape(model, { ...parameters });
  };

  it('is the number of pictures, their size in steps, and what takes longer', () => {
    expect(
      shapeOf('consistent-character', { number_of_outputs: 20, number_of_images_per_pose: 4, prompt: 'x' }),
    ).toEqual({ shape: '{"outputs":80}', outputCount: 80 });
    expect(shapeOf('consistent-character-AI-neolemon-v3', { width: 1000, height: 700 }).shape).toBe(
      '{"height":768,"outputs":1,"steps":10,"width":1024}',
    );
  });

  it('is not the size where the picture takes that of an input', () => {
    expect(shapeOf('consistent-character-with-pose', { custom_width: 4096 }).shape).toBe('{"outputs":1}');
    expect(
      shapeOf('consistent-character-with-pose', { custom_width: 4096, use_input_img_dimension: false }).shape,
    ).toContain('"custom_width":4096');
  });
});

describe('the price book', () => {
  let database: TestDatabase;
  let db: Database;
  beforeAll(async () => {
    database = await createTestDatabase();
    db = connectDatabase(database.url, { maxConnections: 2 });
  });
  afterAll(async () => {
    await db.$disconnect();
    await database.drop();
  });
  const lesson = (
    costMicros: bigint | null,
    seconds: number | null,
    priceShape = '{"outputs":1}',
    providerAccount: string | null = null,
  ) =>
    recordPrice(db, {
      model: 'new-model',
      priceShape,
      outputCount: 1,
      costMicros,
      seconds,
      providerAccount,
      environment: '',
      source: 'PROVIDER',
    });

  it('sets aside a configured amount for an unknown price', async () => {
    const config = readConfig({ UNKNOWN_PRICE_HOLD: '7.50' });
    const estimate = await estimateRun(
      { db, config },
      {
        model: 'new-model',
        priceShape: '{"outputs":1}',
        outputCount: 1,
      },
    );
    expect(estimate).toMatchObject({
      holdMicros: 7_500_000n,
      price: { expected: null, source: 'UNKNOWN' },
      duration: { expectedSeconds: null, source: 'UNKNOWN' },
    });
  });

  it('sets aside more where it is known to have cost more', async () => {
    await recordPrice(db, {
      model: 'dear-model',
      priceShape: '{"outputs":1}',
      outputCount: 1,
      costMicros: 9_000_000n,
      seconds: 1,
      providerAccount: null,
      environment: '',
      source: 'PROVIDER',
    });
    const config = readConfig({});
    const estimate = await estimateRun(
      { db, config },
      {
        model: 'dear-model',
        priceShape: '{"outputs":1}',
        outputCount: 1,
      },
    );
    expect(estimate).toMatchObject({ holdMicros: 11_250_000n, price: { expected: null, maximum: null } });
  });

  it('learns nothing from what cost nothing, nor from the account of a project', async () => {
    const { id: projectId } = await db.project.create({ data: { name: 'Own account' } });
    await db.providerKey.create({
      data: { projectId, account: 'theirs', ciphertext: 'x', lastFour: 'abcd' },
    });
    await lesson(1n, null, '{"outputs":9}', 'theirs');
    await lesson(0n, null, '{"outputs":9}', 'ours');
    expect((await findObserved({ db, config: readConfig({}) }, 'new-model', '{"outputs":9}')).costs).toBe(0);
    await lesson(2n, null, '{"outputs":9}', 'ours');
    expect(await findObserved({ db, config: readConfig({}) }, 'new-model', '{"outputs":9}')).toMatchObject({
      costs: 1,
      greatest: 2n,
    });
    await db.priceObservation.deleteMany({ where: { shape: '{"outputs":9}' } });
  });

  it('rolls: the newest 200 of 90 days, each shape by itself', async () => {
    await lesson(null, null);
    expect(await findObserved({ db, config: readConfig({}) }, 'new-model', '{"outputs":1}')).toEqual(nothing);
    await db.priceObservation.createMany({
      data: Array.from({ length: 300 }, (_, index) => ({
        model: 'new-model',
        shape: '{"outputs":1}',
        outputs: 1,
        costMicros: BigInt(index + 1),
        seconds: index / 10,
        source: 'PROVIDER',
      })),
    });
    await db.$executeRaw`INSERT INTO price_observations (model, shape, outputs, cost_micros, source, at) VALUES ('new-model', '{"outputs":1}', 1, 9000000, 'PROVIDER', now() - interval '91 days')`;
    await lesson(5n, 1, '{"outputs":2}');
    await lesson(null, 3, '{"outputs":3}');
    expect(await findObserved({ db, config: readConfig({}) }, 'new-model', '{"outputs":1}')).toMatchObject({
      costs: 200,
      least: 101n,
      median: 200n,
      percentile95: 290n,
      greatest: 300n,
      seconds50: 19.9,
    });
    const listed = await listObservedPrices({ db, config: readConfig({}) }, 'new-model', 2);
    expect(listed).toMatchObject([
      { shape: { outputs: 1 }, costs: 200 },
      { shape: { outputs: 2 }, costs: 1, median: 5n },
    ]);
    expect(await listObservedPrices({ db, config: readConfig({}) }, 'nothing', 10)).toEqual([]);
  });
});
