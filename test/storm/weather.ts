import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from './database.ts';
import type { Faults } from './doubt.ts';
import type { Servers } from './servers.ts';

/** What a storm is made of. */
export interface StormOptions {
  readonly runs: number;
  readonly seed: number;
  /** Seconds from one kill to the next, and from one crash of Postgres to the next. */
  readonly killEvery: number;
  readonly crashEvery: number;
  /** Seconds after the first request at which a replica that lags takes the primary's place; null: it never does. */
  readonly failOverAt: number | null;
  /** How runs are submitted: a value of SEGMIND_TRANSPORT. */
  readonly transport: string;
  /** Seconds for everything. */
  readonly limit: number;
  /** Seconds over which the requests are spread; also how long the weather lasts at least. */
  readonly weather: number;
  /** Seconds that the servers are given to settle what is in doubt, once the provider tells of past runs; with 0 it may stay so. */
  readonly settleFor: number;
  readonly say?: (line: string) => void;
}

/** What the weather strikes, and where it writes down what it did. */
interface Struck {
  readonly servers: Servers;
  readonly database: Database;
  readonly faults: Faults;
}

/** How far the replica is behind when it takes over. */
const lagMs = 3_000;

/** Each kind of weather: when it strikes, in seconds, again and again or once, and what it does. */
function kinds({ servers, database, faults }: Struck, options: StormOptions): Kind[] {
  const { killEvery, crashEvery, failOverAt, say = () => undefined } = options;
  return [
    { every: killEvery, strike: () => servers.kill() },
    {
      every: crashEvery,
      async strike() {
        const at = Date.now();
        if (await database.crash()) faults.crashes.push(at);
      },
    },
    {
      once: failOverAt,
      async strike() {
        const lapse = { from: Date.now(), to: Number.POSITIVE_INFINITY };
        faults.lapses.push(lapse);
        await database.failOver(lagMs);
        lapse.to = Date.now();
        say('the replica took over');
      },
    },
  ];
}

type Kind = ({ readonly every: number } | { readonly once: number | null }) & {
  strike(): Promise<unknown> | unknown;
};

/** Lets it blow until `signal` aborts. */
export async function blow(struck: Struck, options: StormOptions, signal: AbortSignal): Promise<void> {
  const pass = (seconds: number) =>
    sleep(seconds * 1_000, undefined, { signal }).then(
      () => !signal.aborted,
      () => false,
    );
  await Promise.all(
    kinds(struck, options).map(async (kind) => {
      if ('every' in kind) while (await pass(kind.every)) await kind.strike();
      else if (kind.once !== null && (await pass(kind.once))) await kind.strike();
    }),
  );
}
