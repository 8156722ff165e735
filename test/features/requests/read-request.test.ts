import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Dramatis } from '../../support/dramatis.ts';
import { type Person, type team, token } from '../../support/people.ts';
import { seed } from '../../support/seed.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
let characterId: string;
let generationId: string;
let stranger: Person;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  stranger = { key: await token('stella') };
  const made = await seed(dramatis).team().character().face().generation('sane').make();
  cast = made;
  ({ characterId, generationId } = made);
});
afterAll(() => dramatis.stop());

const tooLong = 'x'.repeat(1_000);
const model = { consistentCharacter: { prompt: 'x' } };

/** What the person gets: an error's code, or the codes and paths of user errors. */
async function told(who: Person, name: string, input: object): Promise<unknown> {
  const kind = name === 'quoteGeneration' ? 'query' : 'mutation';
  const type = kind === 'query' ? 'GenerateInput' : `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const { data, errors } = await dramatis.ask<Record<string, { userErrors: unknown }> | null>(
    `${kind} ($input: ${type}!) { ${name}(input: $input) { userErrors { code path } } }`,
    { input },
    who,
  );
  return errors?.[0]?.extensions.code ?? data?.[name]?.userErrors;
}

it.each<[string, string, () => object]>([
  ['generate', 'idempotencyKey', () => ({ characterId, model, idempotencyKey: tooLong })],
  ['generate', 'batch', () => ({ characterId, model, batch: tooLong })],
  ['quoteGeneration', 'batch', () => ({ characterId, model, batch: tooLong })],
  ['rejectGeneration', 'reason', () => ({ id: generationId, reason: tooLong })],
])('%s says that its %s is wrong to those alone who may ask', async (name, field, input) => {
  expect(await told(stranger, name, input())).toBe('NOT_FOUND');
  expect(await told(cast.viewer, name, input())).toBe('FORBIDDEN');
  expect(await told(cast.owner, name, input())).toEqual([{ code: 'INVALID_INPUT', path: ['input', field] }]);
});

it('a quote does not look at the key of the request', async () => {
  const input = { characterId, model, idempotencyKey: tooLong };
  expect(await told(cast.owner, 'quoteGeneration', input)).toEqual([]);
});
