import { z } from 'zod';

/*
 * The simplest way to poll: a timer and a `fetch` for each run. Reads the runs' ids as a JSON list from stdin, and
 * polls each run at the interval FETCH_EVERY_MS.
 */
const base = process.env.PROVIDER_URL ?? '';
const everyMs = Number(process.env.FETCH_EVERY_MS ?? 1_000);

async function poll(id: string): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, everyMs * (0.8 + 0.2 * Math.random())));
    try {
      const answer = await fetch(`${base}/v2/requests/${id}/status`, {
        headers: { 'x-api-key': 'fetch-loop' },
      });
      const { status } = (await answer.json()) as { status: string };
      if (status === 'COMPLETED' || status === 'FAILED') return;
    } catch {
      // The next round polls again.
    }
  }
}

let text = '';
for await (const chunk of process.stdin) text += chunk;
const ids = z.array(z.string()).parse(JSON.parse(text));
process.stdout.write('polling\n');
await Promise.all(ids.map(poll));
