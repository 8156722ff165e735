import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { createPrepare } from '../../../../src/platform/graphql/documents/prepare.ts';
import { collectGarbage } from '../../../support/collect-garbage.ts';

const schema = buildSchema(
  'type Query { hero(id: Int): Hero heroes(first: Int!): [Hero!]! } type Hero { name: String home: Hero } type Subscription { hero: Hero other: Hero }',
);
const may = { mayIntrospect: true };
const ask = (query: string, variables = {}, operationName: string | null = null) => ({
  query,
  variables,
  operationName,
});
const hashOf = (query: string) => createHash('sha256').update(query).digest('hex');
const codeOf = ({ errors }: { errors: readonly { extensions: { code?: unknown } }[] | null }) =>
  errors?.[0]?.extensions.code;

describe('prepare', () => {
  it('keeps what passed and nothing else', () => {
    const prepare = createPrepare(schema);
    const good = '{ hero { name } }';
    const first = prepare(ask(good), may);
    expect(first).toMatchObject({ cost: 1, errors: null });
    expect(prepare(ask(good), may).document).toBe(first.document);
    expect(prepare.known(hashOf(good))).toBe(first.document);
    for (const bad of ['{ missing }', '{', '{ heroes(first: 20000) { name } }']) {
      prepare(ask(bad), may);
      expect(prepare.known(hashOf(bad))).toBeUndefined();
    }
  });

  it('keeps a bounded number of documents, however many come', () => {
    const prepare = createPrepare(schema);
    const query = (index: number) => `{ a${index}: hero(id: ${index}) { name } } ${' '.repeat(500)}`;
    for (let index = 0; index < 3_000; index += 1) prepare(ask(query(index)), may);
    const kept = Array.from({ length: 3_000 }, (_, index) => prepare.known(hashOf(query(index)))).filter(
      Boolean,
    );
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.length).toBeLessThan(1_000);
    expect(prepare.known(hashOf(query(2_999)))).toBeDefined();
  });

  it('tells the cost of each set of variables, also of a document that is known', () => {
    const prepare = createPrepare(schema);
    const query = 'query ($n: Int!) { heroes(first: $n) { name } }';
    expect([3, 70, 3].map((n) => prepare(ask(query, { n }), may).cost)).toEqual([3, 70, 3]);
    expect(codeOf(prepare(ask(query, { n: 20_000 }), may))).toBe('COST_LIMIT_EXCEEDED');
    for (const n of ['70', null, -1, Number.NaN, [70]])
      expect(prepare(ask(query, { n }), may).cost).toBeLessThanOrEqual(100);
  });

  describe('a price that depends on arguments', () => {
    const priced = buildSchema(
      'type Query { report(size: Int!, by: [String!]! = ["a"]): Report } type Report { name: String }',
    );
    const report = priced.getQueryType()?.getFields().report;
    if (report)
      report.extensions = {
        points: ({ size, by }: { size?: unknown; by?: unknown }) =>
          typeof size === 'number' && Array.isArray(by) ? size * by.length : 1_000,
      };
    const costs = (query: string, all: object[], operationName: string | null = null) => {
      const prepare = createPrepare(priced);
      return all.map((variables) => prepare(ask(query, variables, operationName), may).cost);
    };

    it('is charged for each set of variables, also of a document that is known', () => {
      const query =
        'query ($n: Int! = 5, $x: String = "x", $by: [String!]! = ["a", "b"]) { report(size: $n, by: $by) { name } other: report(size: 7, by: ["c", $x]) { name } }';
      const by = { by: ['a', 'b', 'c'] };
      expect(costs(query, [{}, { n: 1 }, by, {}, { n: 1 }, by])).toEqual([26, 18, 31, 26, 18, 31]);
      const long = { by: Array.from({ length: 200 }, () => 'long') };
      expect(costs(query, [long, { by: [...long.by, 'more'] }, long])).toEqual([1_016, 1_021, 1_016]);
    });

    it('has the defaults of the schema', () => {
      expect(costs('{ report(size: 3) { name } }', [{}])).toEqual([4]);
    });

    it('is not lowered by the default of an operation that is not executed', () => {
      const query =
        'query A($n: Int! = 1) { ...F } query B($n: Int! = 900) { ...F } fragment F on Query { report(size: $n) { name } }';
      expect(costs(query, [{}], 'B')).toEqual([1_001]);
    });
  });

  it('keeps no name of an operation that the document does not have', () => {
    const prepare = createPrepare(schema);
    const query = '{ heroes(first: 3) { name } }';
    prepare(ask(query), may);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 20; index += 1)
      expect(prepare(ask(query, {}, `${index}`.repeat(2_000_000)), may).errors).toBeNull();
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  });

  it('tells the cost of each operation of a document that is known', () => {
    const prepare = createPrepare(schema);
    const query = 'query A { heroes(first: 3) { name } } query B { heroes(first: 60) { name } }';
    const costs = ['A', 'B', 'A', 'B'].map(
      (operationName) => prepare({ ...ask(query), operationName }, may).cost,
    );
    expect(costs).toEqual([3, 60, 3, 60]);
  });

  it('refuses at once what costs more than a viewer can ever have', () => {
    const prepare = createPrepare(schema, { maxCost: 50 });
    const query = 'query ($n: Int!) { heroes(first: $n) { name } }';
    expect([50, 51].map((n) => codeOf(prepare(ask(query, { n }), may)))).toEqual([
      undefined,
      'COST_LIMIT_EXCEEDED',
    ]);
  });

  it('asks for each viewer whether they may see the schema, also when it was prepared for another', () => {
    const prepare = createPrepare(schema);
    const query = '{ ...__schema } fragment __schema on Query { __schema { queryType { name } } }';
    expect(prepare(ask(query), may).errors).toBeNull();
    expect(codeOf(prepare(ask(query), { mayIntrospect: false }))).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(prepare(ask('{ __typename }'), { mayIntrospect: false }).errors).toBeNull();
  });

  it('measures the operation that is named, and refuses what is too large in any other', () => {
    const prepare = createPrepare(schema);
    const query = 'query A { hero { name } } query B { heroes(first: 50) { name } }';
    expect(['A', 'B'].map((name) => prepare(ask(query, {}, name), may).cost)).toEqual([1, 50]);
    const hidden = 'query A { hero { name } } query B { heroes(first: 50000) { name } }';
    expect(codeOf(prepare(ask(hidden, {}, 'A'), may))).toBe('COST_LIMIT_EXCEEDED');
  });

  it('turns what validation throws into a refusal', () => {
    const prepare = createPrepare(schema);
    const query = 'subscription ($a: Boolean!) { hero @skip(if: $a) { name } other { name } }';
    expect(codeOf(prepare(ask(query), may))).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});
