import { expect } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { type Dramatis, eventually } from './dramatis.ts';
import type { OutspokenProvider, Words } from './outspoken-provider.ts';
import { randomText, seeded } from './texts.ts';

/** A server whose provider says what it is told to say. */
export interface Outspoken {
  readonly dramatis: Dramatis;
  readonly provider: OutspokenProvider;
  /** Asks for a run of which the provider will say so; resolves to its id. */
  readonly begin: (words: Words) => Promise<string>;
}

const batchSize = 250;

/** Puts random texts into every field of the provider's answers, one in each run: every run must end as the answer means. */
export async function answerAnything({ dramatis, provider, begin }: Outspoken, count: number): Promise<void> {
  const chance = seeded(12);
  await dramatis.database.query('UPDATE projects SET max_concurrent_generations = 100');
  for (let begun = 0; begun < count; begun += batchSize) {
    const expected = new Map<string, object>();
    for (let each = begun; each < Math.min(begun + batchSize, count); each += 1) {
      const { words, ends } = draw(randomText(chance), chance, provider.url);
      expected.set(fromGlobalId('Generation', await begin(words)), ends);
    }
    await eventually('all runs are at rest', () => areAtRest(dramatis), 40_000);
    const rows = await dramatis.database.query(
      'SELECT id::text, status::text, cost_micros, pictures, failure_code FROM generations WHERE id = ANY($1)',
      [[...expected.keys()]],
    );
    expect(rows).toHaveLength(expected.size);
    for (const { id, cost_micros: cost, ...row } of rows) {
      const told = { ...row, cost_micros: cost === null ? null : BigInt(String(cost)) };
      expect(told).toMatchObject(expected.get(String(id)) ?? {});
    }
  }
}

async function areAtRest({ database }: Dramatis): Promise<boolean> {
  const [row] = await database.query(
    "SELECT count(*)::int AS open FROM generations WHERE status NOT IN ('COMPLETED', 'FAILED', 'UNCERTAIN')",
  );
  return row?.open === 0;
}

/** What a case must end as, and the words that lead there. */
function draw(text: string, chance: () => number, url: string): { words: Words; ends: object } {
  const free = { status: 'FAILED', cost_micros: 0n };
  const kinds: readonly (() => { words: Words; ends: object })[] = [
    () => ({ words: { status: { status: 422, body: { status: 'FAILED', error: text } } }, ends: free }),
    () => ({ words: { status: { status: 200, body: { status: 'FAILED', message: text } } }, ends: free }),
    () => ({ words: { status: { status: 500, body: { status: 'FAILED', detail: text } } }, ends: free }),
    () => ({
      words: { result: { status: 422, body: { status: 'FAILED', error: { [text]: text } } } },
      ends: free,
    }),
    () => ({ words: { submit: { status: 400, body: { error: text } } }, ends: free }),
    () => ({ words: { submit: { status: 400, body: `- ${text}` } }, ends: free }),
    () => ({ words: { submit: { status: 500, body: { error: text } } }, ends: { status: 'UNCERTAIN' } }),
    () => ({ words: { submit: { body: { request_id: `.${text}` } } }, ends: { status: 'UNCERTAIN' } }),
    () => ({
      words: {
        result: {
          body: {
            status: 'COMPLETED',
            output: [`${url}/files/sound`, `https://elsewhere.example/${text}`],
            request_id: text,
            seed: text,
            metrics: { cost: text, inference_time: text, remaining_credits: text },
          },
        },
      },
      ends: { status: 'COMPLETED', pictures: 1 },
    }),
    () => ({
      words: { result: { body: { status: 'COMPLETED', output: [`https://elsewhere.example/${text}`] } } },
      ends: { status: 'FAILED', cost_micros: 85_000n, failure_code: 'RESULT_INVALID' },
    }),
  ];
  const kind = kinds[Math.floor(chance() * kinds.length)];
  if (!kind) throw new Error('There is a kind for each number.');
  return kind();
}
