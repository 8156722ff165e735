import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { adminKey, type ManyRuns, startManyRuns, until } from './many-runs.ts';
import { cpuSeconds, startNode } from './processes.ts';
import { atMost, type Bench, type Result } from './result.ts';

const runs = 3_000;
/** The shortest polling interval of the default configuration, which applies while these runs end. */
const intervalMs = 1_000;
/** The length of each of three windows. The result is the window with the middle ratio. */
const measuredMs = 6_000;
/** Three thousand runs end within a minute, so fifty end in a second. */
const endWithinMs = 60_000;
const endedMs = 20_000;

/** The server's polling, with all runs near their expected end, against a timer and a `fetch` for each run. */
export const polling: Bench = {
  name: 'polling',
  about: '3,000 runs in flight: CPU for each poll, and from the end of a run at the provider to its event.',
  async run() {
    const many = await startManyRuns();
    try {
      const startedAt = performance.now();
      await many.ask(runs);
      await until('every run is at the provider', 180_000, async () => {
        return (await many.counts()).submitted === runs;
      });
      const submittedMs = performance.now() - startedAt;
      await until('every run is polled at the shortest interval', 40_000, async () => {
        const before = (await many.counts()).polls.server;
        await sleep(1_000);
        return (await many.counts()).polls.server - before > 0.8 * runs;
      });
      const note = `${runs} runs submitted within ${(submittedMs / 1_000).toFixed(0)} s`;
      return [...(await comparePolls(many, note)), ...(await timeEnds(many))];
    } finally {
      await many.stop();
    }
  },
};

/** Measures one window: the ratio of CPU for each poll, our share of a core, and both rates in polls a second. */
async function measure(many: ManyRuns, loopPid: number) {
  const startedAt = performance.now();
  const before = [cpuSeconds(many.server.pid), cpuSeconds(loopPid)] as const;
  const { polls: first } = await many.counts();
  await sleep(measuredMs);
  const after = [cpuSeconds(many.server.pid), cpuSeconds(loopPid)] as const;
  const { polls: last } = await many.counts();
  const seconds = (performance.now() - startedAt) / 1_000;
  const polls = [last.server - first.server, last.loop - first.loop] as const;
  const [server, plain] = [(after[0] - before[0]) / polls[0], (after[1] - before[1]) / polls[1]];
  return {
    ratio: server / plain,
    share: (after[0] - before[0]) / seconds,
    rates: polls.map((count) => count / seconds),
  };
}

/** Both poll the same runs of the same provider at the same time. */
async function comparePolls(many: ManyRuns, note: string): Promise<Result[]> {
  const ids = await many.requestIds();
  const loop = await startNode(
    ['bench/fetch-loop.ts'],
    { PROVIDER_URL: many.providerUrl, FETCH_EVERY_MS: String(intervalMs) },
    (line) => line,
    JSON.stringify(ids),
  );
  try {
    // Waits until connections are open and the code is compiled.
    await sleep(4_000);
    const windows = [];
    for (let count = 0; count < 3; count += 1) windows.push(await measure(many, loop.pid));
    const [, middle] = windows.toSorted((one, other) => one.ratio - other.ratio);
    if (!middle) throw new Error('There are three windows.');
    const rates = middle.rates.map((rate) => rate.toFixed(0));
    return [
      atMost(0.37, {
        what: `CPU for each poll, ${ids.length} runs in flight`,
        against: 'a plain fetch loop over the same runs',
        value: middle.ratio,
        note: `${note}; ${rates.join(' and ')} polls a second, side by side, the middle of three times ${measuredMs / 1_000} s`,
      }),
      atMost(0.5, {
        what: `CPU seconds of the whole server, ${ids.length} runs in flight`,
        against: 'seconds on the clock',
        value: middle.share,
        note: 'every run at its shortest interval',
      }),
    ];
  } finally {
    await loop.stop();
  }
}

const update = z.object({
  projectEvents: z.object({
    generation: z.object({ status: z.string(), providerRequestId: z.string().nullable() }).nullable(),
  }),
});

/** Lets the runs end, and measures when a subscriber gets the events. */
async function timeEnds(many: ManyRuns): Promise<Result[]> {
  const seenAt = { STORING: new Map<string, number>(), COMPLETED: new Map<string, number>() };
  const client = createClient({
    url: `${many.server.ready.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${adminKey}` },
    retryAttempts: 0,
  });
  try {
    for (const projectId of many.projects) {
      const query = `subscription ($id: ID!) { projectEvents(projectId: $id) {
        generation { status providerRequestId } } }`;
      client.subscribe(
        { query, variables: { id: projectId } },
        {
          next({ data }) {
            const { generation } = update.parse(data).projectEvents;
            const { status, providerRequestId: id } = generation ?? {};
            if (id && (status === 'STORING' || status === 'COMPLETED')) seenAt[status].set(id, Date.now());
          },
          error: () => undefined,
          complete: () => undefined,
        },
      );
    }
    await sleep(1_000);
    const released = await many.release(endWithinMs);
    await sleep(endedMs);
    // Runs of the last five seconds are not counted, because their events may not have arrived yet.
    const counted = released.ends.filter(({ at }) => at < released.at + endedMs - 5_000);
    const p99 = (seen: ReadonlyMap<string, number>) => {
      const delays = counted.map(({ id, at }) => (seen.get(id) ?? Number.POSITIVE_INFINITY) - at);
      return delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? Number.NaN;
    };
    const note = `p99 of ${counted.length} runs that ended, ${runs / (endWithinMs / 1_000)} a second`;
    const against = `the polling interval in force, ${intervalMs} ms`;
    return [
      atMost(1.5, {
        what: 'from the end at the provider to the first event of it at a subscriber',
        against,
        value: p99(seenAt.STORING) / intervalMs,
        note,
      }),
      atMost(1.5, {
        what: 'from the end at the provider to COMPLETED at a subscriber, its picture stored',
        against,
        value: p99(seenAt.COMPLETED) / intervalMs,
        note,
      }),
    ];
  } finally {
    await client.dispose();
  }
}

if (import.meta.main) {
  const results = await polling.run();
  for (const { what, against, value, bound, holds, note } of results)
    process.stdout.write(
      `${value.toFixed(3)}  ${what} / ${against} (${bound})${holds ? '' : '  FAILED'}; ${note}\n`,
    );
  if (results.some(({ holds }) => !holds)) process.exitCode = 1;
}
