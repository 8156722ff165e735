import { setTimeout as sleep } from 'node:timers/promises';
import type { Servers } from './servers.ts';

/** What a storm is made of. */
export interface StormOptions {
  readonly runs: number;
  readonly seed: number;
  /** Seconds from one kill to the next, and from one crash of Postgres to the next. */
  readonly killEvery: number;
  readonly crashEvery: number;
  /** Seconds for everything. */
  readonly limit: number;
  /** Seconds over which the requests are spread; also how long the weather lasts at least. */
  readonly weather: number;
  /** Seconds that the servers are given to settle what is in doubt, once the provider tells of past runs; with 0 it may stay so. */
  readonly settleFor: number;
  readonly say?: (line: string) => void;
}

/** Kills servers and crashes Postgres until `signal` aborts. */
export async function blow(
  parts: { servers: Servers; database: { crash(): Promise<boolean> }; crashes: number[] },
  { killEvery, crashEvery }: StormOptions,
  signal: AbortSignal,
): Promise<void> {
  const every = async (periodMs: number, strike: () => Promise<unknown> | unknown) => {
    while (!signal.aborted) {
      await sleep(periodMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await strike();
    }
  };
  await Promise.all([
    every(killEvery * 1_000, () => parts.servers.kill()),
    every(crashEvery * 1_000, async () => {
      const at = Date.now();
      if (await parts.database.crash()) parts.crashes.push(at);
    }),
  ]);
}
