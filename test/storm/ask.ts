import { delay } from '../support/delay.ts';
import { type Chance, pick } from './chance.ts';
import type { Servers } from './servers.ts';

export const adminKey = 'storm_admin_key_0123456789';

/** A GraphQL answer's data, loosely: the storm looks at a few fields of it. */
// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes; a typed document for each would say it twice
type Data = any;

/** Sends one operation to any server that answers; null when no answer came that says what happened. */
export async function ask(
  { servers, chance }: { servers: Servers; chance: Chance },
  query: string,
  variables: object,
): Promise<{ data: Data; codes: readonly string[] } | null> {
  const url = pick(chance, servers.urls);
  if (url === undefined) return null;
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(10_000),
    });
    const { data, errors } = (await response.json()) as {
      data: Data;
      errors?: { extensions: { code: string } }[];
    };
    const codes = (errors ?? []).map(({ extensions }) => extensions.code);
    return codes.includes('SERVICE_UNAVAILABLE') ? null : { data, codes };
  } catch {
    return null;
  }
}

/** The same until an answer comes. Throws when none does for a long time, or the operation itself is refused. */
export async function insist(
  world: { servers: Servers; chance: Chance; signal: AbortSignal },
  query: string,
  variables: object,
): Promise<{ data: Data; tries: number }> {
  for (let tries = 1; ; tries += 1) {
    world.signal.throwIfAborted();
    const answer = await ask(world, query, variables);
    if (answer?.codes.length === 0) return { data: answer.data, tries };
    if (answer) throw new Error(`refused with ${answer.codes.join(' ')}: ${JSON.stringify(variables)}`);
    await delay(50 + world.chance() * 200);
  }
}
