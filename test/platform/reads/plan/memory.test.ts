import { expect, it } from '@jest/globals';
import { type DocumentNode, parse } from 'graphql';
import { toGlobalId } from '../../../../src/platform/reads/global-id.ts';
import { createPlanner } from '../../../../src/platform/reads/plan/planner.ts';
import { createSchema } from '../../../../src/server/schema.ts';
import { collectGarbage } from '../../../support/collect-garbage.ts';

/** In MiB. */
function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const reader = {
  read: async () => [],
  readOne: async () => null,
  readEach: async () => undefined,
  close: async () => undefined,
};
const missing = toGlobalId('Generation', '00000000-0000-4000-8000-000000000000');
const own = 'id status prompt batch cost hold costSource requestedAt submittedAt startedAt finishedAt';
const others = Array.from({ length: 40 }, (_, index) => `a${index}: images { generation { ...Own } }`);

it('of small documents with large plans, a bounded number of plans is kept', async () => {
  let compiled = 0;
  // There is no such run, which only a plan finds out here.
  const planner = createPlanner(await createSchema(), () => {
    compiled += 1;
  });
  const documents: DocumentNode[] = [];
  const ask = async () => {
    const document = parse(
      `query ($a: Boolean!, $b: Boolean!, $c: Boolean!) { generation(id: "${missing}") { ...Own ${others.join(' ')}
        x: id @skip(if: $a) y: id @skip(if: $b) z: id @skip(if: $c) } } fragment Own on Generation { ${own} }`,
    );
    documents.push(document);
    for (let values = 0; values < 8; values += 1) {
      const variables = { a: (values & 1) > 0, b: (values & 2) > 0, c: (values & 4) > 0 };
      expect(await planner.answer(document, { operationName: null, variables }, { reader })).toBeNull();
    }
  };
  await ask();
  const before = heapUsed();
  for (let more = 0; more < 60; more += 1) await ask();
  // All of them would take more than a hundred.
  expect(heapUsed() - before).toBeLessThan(60);
  expect(compiled).toBe(8 * documents.length);
}, 60_000);
