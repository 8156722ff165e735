import { z } from 'zod';
import { delay } from '../support/delay.ts';
import { type Chance, pick } from './chance.ts';
import type { Servers } from './servers.ts';

export const adminKey = 'storm_admin_key_0123456789';

const response = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).default([]),
});

/**
 * Sends one operation to any server that answers. Resolves to the unparsed data and the codes of the errors; null when
 * no answer says what happened.
 */
async function ask(
  { servers, chance }: { servers: Servers; chance: Chance },
  query: string,
  variables: object,
): Promise<{ data: unknown; codes: readonly string[] } | null> {
  const url = pick(chance, servers.urls);
  if (url === undefined) return null;
  try {
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(10_000),
    });
    const { data, errors } = response.parse(await answer.json());
    const codes = errors.map(({ extensions }) => extensions.code);
    return codes.includes('SERVICE_UNAVAILABLE') ? null : { data, codes };
  } catch {
    return null;
  }
}

/**
 * Sends one operation again until an answer comes, and parses the answer's data with `shape`. Throws when the operation
 * is refused, or when the data has another shape.
 */
export async function insist<Data>(
  world: { servers: Servers; chance: Chance; signal: AbortSignal },
  query: string,
  variables: object,
  shape: z.ZodType<Data>,
): Promise<{ data: Data; tries: number }> {
  for (let tries = 1; ; tries += 1) {
    world.signal.throwIfAborted();
    const answer = await ask(world, query, variables);
    if (answer?.codes.length === 0) return { data: shape.parse(answer.data), tries };
    if (answer) throw new Error(`refused with ${answer.codes.join(' ')}: ${JSON.stringify(variables)}`);
    await delay(50 + world.chance() * 200);
  }
}
