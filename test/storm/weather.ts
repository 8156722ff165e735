import { delay } from '../support/delay.ts';
import type { StorageDisk } from '../support/faulty-storage.ts';
import type { Database } from './database.ts';
import type { Faults, OutageKind } from './doubt.ts';
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
  /** Seconds after the first request at which an outage of that kind begins; without a number it does not. */
  readonly outageAt: Readonly<Partial<Record<OutageKind, number | null>>>;
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
  /** Where the servers keep pictures. */
  readonly disk: StorageDisk;
  readonly faults: Faults;
}

/** Seconds that an outage lasts. A silent connection is given up a little earlier. */
const lasting: Readonly<Record<OutageKind, number>> = { silent: 12, frozen: 8, readOnly: 8, full: 60 };
/** In an outage only one in so many kills strikes: what a server does about an outage takes longer than its life else. */
const killsSpared = 5;

/** How far the replica is behind when it takes over. */
const lagMs = 3_000;

/** Lets it blow until `signal` aborts; then all that can be mended is well again. */
export async function blow(struck: Struck, options: StormOptions, signal: AbortSignal): Promise<void> {
  const pass: Pass = (seconds) =>
    delay(seconds * 1_000, signal).then(
      () => !signal.aborted,
      () => false,
    );
  await Promise.all(
    [...blows(struck, options), ...outages(struck, options, pass)].map(async (kind) => {
      if ('every' in kind) while (await pass(kind.every)) await kind.strike();
      else if (kind.once !== null && (await pass(kind.once))) await kind.strike();
    }),
  );
}

/** Waits so many seconds; resolves to whether it still blows. */
type Pass = (seconds: number) => Promise<boolean>;

/** A kind of weather: when it strikes, in seconds, again and again or once, and what it does. */
type Kind = ({ readonly every: number } | { readonly once: number | null }) & {
  strike(): Promise<unknown> | unknown;
};

/** What strikes in a moment. */
function blows({ servers, database, faults }: Struck, options: StormOptions): Kind[] {
  const { killEvery, crashEvery, failOverAt, say = () => undefined } = options;
  let kills = 0;
  return [
    {
      every: killEvery,
      strike() {
        kills += 1;
        if (faults.outages.every(({ to }) => to < Date.now()) || kills % killsSpared === 0) servers.kill();
      },
    },
    {
      every: crashEvery,
      async strike() {
        const at = await database.crash();
        if (at !== null) faults.crashes.push(at);
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

/** What begins, lasts, and ends. */
function outages({ database, disk, faults }: Struck, options: StormOptions, pass: Pass): Kind[] {
  const { outageAt, say = () => undefined } = options;
  const outage = (kind: OutageKind, begin: () => Promise<() => unknown>): Kind => ({
    once: outageAt[kind] ?? null,
    async strike() {
      const outage = { kind, from: Date.now(), to: Number.POSITIVE_INFINITY };
      const end = await begin();
      faults.outages.push(outage);
      say(`an outage begins: ${kind}`);
      await pass(lasting[kind]);
      await end();
      outage.to = Date.now();
      say(`the outage ends: ${kind}`);
    },
  });
  return [
    outage('silent', async () => {
      database.silence();
      return () => undefined;
    }),
    outage('frozen', async () => database.freeze()),
    outage('readOnly', async () => {
      await database.setReadOnly(true);
      return () => database.setReadOnly(false);
    }),
    outage('full', async () => {
      await disk.faults.full.begin();
      return () => disk.faults.full.end();
    }),
  ];
}
