import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ApiClient } from '../src/demo/api-client.ts';
import { drawPortraits } from '../src/demo/portraits.ts';
import { toError } from '../src/errors.ts';
import { toGlobalId } from '../src/platform/reads/global-id.ts';
import { atMost, type Bench, median } from './result.ts';
import { makeApiKey, withClient } from './support/client.ts';
import { benchDirectory } from './support/database.ts';
import { libraryProjectId } from './support/fill.ts';
import { aboutCharacter, aboutProject, askOnce, libraryQuery, type Target } from './support/questions.ts';
import { startDramatis } from './support/servers.ts';
import { openStage } from './support/stage.ts';

/** The interval at which each kind of work is started: steady, and far below the capacity of the server. */
const everyMs = { library: 250, character: 50, run: 1_000 };
/** The two windows in which memory is measured, in seconds since the load began. Each is half a minute long. */
const windows = { early: 60, late: 600, length: 30 };

/** Whether memory grows: the shipped server under all kinds of work together, for ten minutes. */
export const memory: Bench = {
  name: 'memory',
  about:
    'Resident memory after ten minutes of reads, runs and subscriptions against after one. Takes eleven minutes.',
  async run() {
    await using stage = await openStage();
    const databaseUrl = await stage.postgres.copyOf('small', 'memory');
    const key = await withClient(databaseUrl, (client) => makeApiKey(client, libraryProjectId, 'EDITOR'));
    const dataDirectory = join(benchDirectory, 'memory');
    await rm(dataDirectory, { recursive: true, force: true });
    const server = await startDramatis(databaseUrl, { dataDirectory });
    try {
      const load = await startLoad(
        { name: 'dramatis', url: server.url, authorization: `Bearer ${key}` },
        key,
      );
      try {
        const samples = await sampleMemory(server.pid);
        const failures = load.failures();
        if (failures.length > load.begun() / 100) throw new Error(`too much failed: ${failures.slice(0, 3)}`);
        const inWindow = (from: number) =>
          median(
            samples
              .filter(({ at }) => at >= from && at < from + windows.length)
              .map(({ mebibytes }) => mebibytes),
          );
        const [early, late] = [inWindow(windows.early), inWindow(windows.late)];
        return [
          atMost(1.2, {
            what: 'resident memory after 10 minutes of reads, runs and subscriptions',
            against: 'after 1 minute',
            value: late / early,
            note: `${late.toFixed(0)} to ${early.toFixed(0)} MiB, medians of half a minute; ${load.begun()} operations, ${failures.length} failed`,
          }),
        ];
      } finally {
        await load.stop();
      }
    } finally {
      await server.stop();
    }
  },
};

/** Measures memory once a second until the last window has passed. */
async function sampleMemory(pid: number): Promise<{ at: number; mebibytes: number }[]> {
  const samples: { at: number; mebibytes: number }[] = [];
  const startedAt = performance.now();
  for (let at = 0; at < windows.late + windows.length; at = (performance.now() - startedAt) / 1_000) {
    const kibibytes = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }));
    samples.push({ at, mebibytes: kibibytes / 1_024 });
    if (samples.length % 60 === 0) console.log(`  ${at.toFixed(0)} s: ${(kibibytes / 1_024).toFixed(0)} MiB`);
    await sleep(1_000);
  }
  return samples;
}

/** Starts the load: library queries, characters by id, runs that are followed to their end, a subscription. */
async function startLoad(target: Target, key: string) {
  const api = new ApiClient(target.url, key);
  const projectId = toGlobalId('Project', libraryProjectId);
  const characterId = await api.createCharacter({
    projectId,
    name: 'Mirel',
    appearance: 'grey eyes',
    tags: [],
  });
  const { face } = await drawPortraits();
  await api.addReferenceImage(projectId, { characterId, kind: 'FACE', label: 'face' }, face);
  const character = aboutCharacter(
    Buffer.from(characterId, 'base64url').toString().replace('Character:', ''),
  );
  const library = aboutProject(libraryQuery, libraryProjectId);

  const failures: string[] = [];
  const open = new Set<Promise<unknown>>();
  let begun = 0;
  const begin = (work: () => Promise<unknown>) => {
    begun += 1;
    const promise = work()
      .catch((error: unknown) => failures.push(toError(error).message))
      .finally(() => open.delete(promise));
    open.add(promise);
  };
  const draw = async () => {
    const { id } = await api.generate(characterId, { consistentCharacter: { prompt: `pier ${begun}` } });
    const { status, images } = await api.follow(id, () => undefined);
    if (status !== 'COMPLETED') throw new Error(`a run ended ${status}`);
    for (const { image } of images) await api.download(image.url);
  };
  const socket = createClient({
    url: `${target.url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: target.authorization },
  });
  const query = 'subscription ($projectId: ID!) { projectEvents(projectId: $projectId) { sequence kind } }';
  const events = socket.iterate({ query, variables: { projectId } });
  begin(async () => {
    for await (const { errors } of events) if (errors) throw errors[0];
  });
  const timers = [
    setInterval(() => begin(() => askOnce(target, library)), everyMs.library),
    setInterval(() => begin(() => askOnce(target, character)), everyMs.character),
    setInterval(() => begin(draw), everyMs.run),
  ];
  return {
    begun: () => begun,
    failures: () => failures,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await events.return?.();
      await socket.dispose();
      await Promise.race([Promise.all(open), sleep(30_000, undefined, { ref: false })]);
    },
  };
}
