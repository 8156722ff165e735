import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Job, stateOf } from '../../src/simulator/jobs.ts';
import { delay } from '../support/delay.ts';
import { mountFolder } from '../support/faulty-storage.ts';
import { seeded } from './chance.ts';
import { askForAll, settleIn, type World } from './clients.ts';
import { openDatabase } from './database.ts';
import { type Faults, isInLapse } from './doubt.ts';
import { Invariants } from './invariants.ts';
import { countLeftovers, sweepLeftovers } from './leftovers.ts';
import { countPictures } from './pictures.ts';
import { type Provider, startProvider } from './provider.ts';
import { environmentOf, Servers } from './servers.ts';
import { type Claims, judge } from './verdict.ts';
import { blow, type StormOptions } from './weather.ts';

export interface Outcome {
  readonly failures: readonly string[];
  readonly table: Readonly<Record<string, number | string>>;
}

const resting = "('COMPLETED', 'FAILED', 'CANCELED', 'UNCERTAIN')";

/**
 * Three servers on one Postgres, killed and crashed while clients ask for runs at a provider in bad weather, with outages
 * of the database and of the disk; then calm, and every amount is compared. Stops all that it started, also when `signal` aborts.
 */
export async function storm(options: StormOptions, signal: AbortSignal): Promise<Outcome> {
  const { seed, say = () => undefined } = options;
  const startedAt = performance.now();
  const closers: (() => Promise<unknown>)[] = [];
  const isOver = new AbortController();
  const all = AbortSignal.any([signal, isOver.signal]);
  try {
    const directory = await mkdtemp(join(tmpdir(), 'dramatis-storm-'));
    closers.push(() => rm(directory, { recursive: true, force: true }));
    const database = await openDatabase();
    closers.push(() => database.stop());
    const provider = await startProvider(seeded(seed), 60);
    closers.push(() => provider.simulator.close());
    const whereabouts = {
      databaseUrl: database.url,
      providerUrl: provider.simulator.url,
      dataDirectory: join(directory, 'data'),
      transport: options.transport,
    };
    const storage = join(whereabouts.dataDirectory, 'storage');
    const disk = await mountFolder(storage, 256 * 1_048_576, 10_000);
    closers.push(() => disk.close());
    const servers = new Servers(environmentOf(whereabouts), seeded(seed + 1));
    closers.push(() => servers.stop());
    for (let index = 0; index < 3; index += 1) servers.start();
    const world: World = { servers, database, chance: seeded(seed + 2), signal: all };
    const projects = await settleIn(world, options.runs);
    if (options.failOverAt !== null) await database.follow();
    say(`settled in after ${seconds(startedAt)} s`);

    const faults: Faults = { crashes: [], lapses: [], outages: [] };
    const isWorkedOn = (job: Job) => /QUEUED|PROCESSING/.test(stateOf(job, Date.now()));
    const invariants = new Invariants(database.query, () => {
      // What the database has lost, it neither covers nor counts.
      const known = [...provider.jobs()].flatMap(([key, jobs]) =>
        jobs.filter(({ acceptedAt }) => !isInLapse(acceptedAt, faults.lapses)).map((job) => ({ key, job })),
      );
      const bill = provider.bill();
      const lapses = JSON.stringify(faults.lapses);
      return {
        isComparable: () => JSON.stringify(faults.lapses) === lapses,
        inFlight: known.flatMap(({ key, job }) => (isWorkedOn(job) ? [key] : [])),
        billed: sumBy(known, ({ key, job }) => [
          projects[Number(/p(\d+)r/.exec(key)?.[1])]?.uuid ?? '',
          bill.get(job.id) ?? [],
        ]),
      };
    });
    const watching = invariants.watch(250, all);
    // A look or a fault that fails is a mistake of the storm's own: nothing that follows would mean anything.
    watching.catch((error: unknown) => isOver.abort(error));
    const weather = new AbortController();
    const blowing = blow(
      { servers, database, disk, faults },
      options,
      AbortSignal.any([all, weather.signal]),
    );
    blowing.catch((error: unknown) => isOver.abort(error));
    const asked = await askForAll(world, projects, options);
    say(`all is asked for after ${seconds(startedAt)} s`);
    weather.abort();
    await blowing;
    const kills = servers.kills;
    const count = async (where: string) =>
      Number((await database.insist(`SELECT count(*) AS count FROM generations WHERE ${where}`))[0]?.count);
    const finishedInStorm = await count(`status IN ${resting}`);
    for (let left = 1; left > 0; ) {
      left = await count(`status NOT IN ${resting}`);
      await delay(500, all);
    }
    say(`all is at rest after ${seconds(startedAt)} s`);
    // Jobs whose answers were lost may still be drawn, and keep their slots for a while.
    const isBusy = () => [...provider.simulator.jobs.values()].some(isWorkedOn);
    while (isBusy() || (await count('holds_slot')) > 0) {
      await delay(250, all);
    }
    await invariants.sample();

    // A synchronous submit lasts as long as its job.
    const windowMs = options.transport === 'v1' ? 5_000 : 1_500;
    const evidence = { ...faults, deaths: servers.deaths, windowMs };
    const first = await judge(database, asked, claimsOf(provider), evidence, { mayDoubt: true });
    await settleUncertain(
      provider,
      () => count("status NOT IN ('COMPLETED', 'FAILED', 'CANCELED')"),
      options,
      all,
    );
    const last = await judge(database, asked, claimsOf(provider), evidence, {
      mayDoubt: options.settleFor === 0,
    });
    const pictures = await countPictures(database, storage);
    await invariants.sample();
    isOver.abort();
    await watching;
    await servers.stop();
    const before = await countLeftovers(database, storage);
    await sweepLeftovers(database.url, storage);
    const after = await countLeftovers(database, storage);
    const remaining = Object.entries(after).filter(([, count]) => count > 0);
    const unharmed = await countPictures(database, storage);
    const breaches = [...invariants.breaches].map(
      ([kind, { times, first }]) => `${kind} (${times} times): ${first}`,
    );
    return {
      failures: [
        ...first.failures.map((each) => `at rest: ${each}`),
        ...last.failures.map((each) => `settled: ${each}`),
        ...pictures.lost.map((each) => `a picture that was paid is lost: ${each}`),
        ...unharmed.lost
          .slice(pictures.lost.length)
          .map((each) => `the sweep took a picture that was paid: ${each}`),
        ...remaining.map(([what, count]) => `left behind after the sweep, ${what}: ${count}`),
        ...breaches.map((each) => `while it blew: ${each}`),
        ...servers.accidents.map((words) => `a server ended by itself: ${words}`),
      ],
      table: {
        'requests asked': asked.length,
        'requests sent again': asked.reduce((sum, { tries }) => sum + tries - 1, 0),
        ...first.counts,
        'UNCERTAIN once settled': last.counts.UNCERTAIN ?? 0,
        'at rest when the kills ended': finishedInStorm,
        'submits at the provider': provider.submits.length,
        charges: provider.simulator.bill.length,
        kills: kills,
        'crashes of Postgres': faults.crashes.length,
        failovers: faults.lapses.length,
        outages: faults.outages.length,
        'paid pictures kept': pictures.kept,
        'paid pictures lost': pictures.lost.length,
        ...Object.fromEntries(
          Object.entries(before).map(([what, count]) => [`left behind before the sweep, ${what}`, count]),
        ),
        'starts of a server that failed': servers.failedStarts,
        'samples (database away)': `${invariants.samples} (${invariants.missed})`,
        'start of a server (median ms)': Math.round(
          servers.startTimes.toSorted((a, b) => a - b)[servers.startTimes.length >> 1] ?? 0,
        ),
        seconds: seconds(startedAt),
      },
    };
  } catch (error) {
    throw all.aborted ? all.reason : error;
  } finally {
    isOver.abort();
    for (const close of closers.reverse()) await close().catch((error: unknown) => say(String(error)));
  }
}

/** Lets the provider tell of past runs, and waits, not for ever, until every run has ended. */
async function settleUncertain(
  provider: Provider,
  unfinished: () => Promise<number>,
  { settleFor }: StormOptions,
  signal: AbortSignal,
): Promise<void> {
  provider.simulator.hasHistory = true;
  const endsAt = performance.now() + settleFor * 1_000;
  while ((await unfinished()) > 0 && performance.now() < endsAt) await delay(500, signal);
}

function claimsOf(provider: Provider): Claims {
  return { jobs: provider.jobs(), bill: provider.bill(), submits: provider.submits };
}

function sumBy<Each>(
  all: readonly Each[],
  read: (each: Each) => readonly [group: string, amounts: readonly bigint[]],
): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const [group, amounts] of all.map(read))
    sums.set(
      group,
      amounts.reduce((sum, each) => sum + each, sums.get(group) ?? 0n),
    );
  return sums;
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10;
}
