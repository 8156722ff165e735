import 'reflect-metadata';
import { randomInt, randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { Closers } from './closers.ts';
import { explainDataFolder } from './data-folder.ts';
import { makeFolder } from './durable-file.ts';
import { endForeignRuns } from './features/database-review/end-foreign-runs.ts';
import { reviewDatabase } from './features/database-review/review-database.ts';
import { longestAnswerMs } from './features/generations/late-answer.ts';
import { adoptBlobs } from './features/images/adopt-blobs.ts';
import { hasImages } from './features/images/has-images.ts';
import { changedProjects } from './features/project-events/changed-projects.ts';
import { createProviderHealth } from './features/provider/provider-health.ts';
import { settleEnvironment } from './features/provider/settle-environment.ts';
import { refuseOtherEnvironment } from './features/provider/watch-environment.ts';
import { keepServerKey } from './features/provider-keys/server-key.ts';
import { anchorAtStop } from './features/verification/tasks/verify-regularly.ts';
import { greeting } from './greeting.ts';
import { listen } from './listen.ts';
import type { Logger } from './logger.ts';
import { adminKey, imageSecret, masterKeys } from './own-keys.ts';
import type { TaskContext } from './platform/context.ts';
import { connectDatabase } from './platform/db/connect.ts';
import { refuseSharedSessions } from './platform/db/connections/shared-sessions.ts';
import { startEmbeddedPostgres } from './platform/db/embedded-postgres.ts';
import { migrate } from './platform/db/migrations/migrate.ts';
import { migrationsDirectory } from './platform/db/migrations/read-migrations.ts';
import { createTurns } from './platform/db/turns.ts';
import { startEventFeed } from './platform/events/event-feed.ts';
import { startTasks } from './platform/jobs/define-task.ts';
import { startJobQueue } from './platform/jobs/job-queue.ts';
import { prepareJobQueue } from './platform/jobs/queue-tables.ts';
import { createOutbound } from './platform/outbound/fetch-picture-url.ts';
import { openReader } from './platform/reads/reader.ts';
import { createKeyring } from './platform/secrets/keyring.ts';
import { createPaces } from './platform/segmind/pace.ts';
import { createSegmind } from './platform/segmind/segmind.ts';
import { claimFor } from './platform/storage/claim-storage.ts';
import { IntentNotes } from './platform/storage/intent-notes.ts';
import { openLocalStorage } from './platform/storage/local-storage.ts';
import { openStoredBytes } from './platform/storage/stored-bytes.ts';
import { openProvider, wantedEnvironment } from './provider.ts';
import { openGraphql } from './server/open-graphql.ts';
import type { Config } from './settings/config.ts';
import { jobKinds, tasksOfEach, tasksOfWorkers } from './tasks.ts';
import { tryAccount } from './try-account.ts';

/** A started process: the address that it listens on (null for a worker), and the functions that stop it. */
export interface Running {
  readonly url: string | null;
  /**
   * The greeting at the start; empty for a worker. It has the admin key only at a terminal, and only when it is new.
   */
  greet(reader: { readonly isTerminal: boolean }): string;
  /** Ends the process. It waits for paid calls under way, for each until its own deadline. */
  stop(): Promise<void>;
  /** No longer waits for paid calls: their runs become UNCERTAIN. */
  hurry(): void;
}

/**
 * Starts all parts that the configuration asks for. When a part fails, or `signal` aborts, the parts that have started
 * are stopped again.
 */
export async function boot(
  config: Config,
  log: Logger,
  signal: AbortSignal = new AbortController().signal,
): Promise<Running> {
  const closers = new Closers(signal);
  try {
    return await start(config, log, closers, signal);
  } catch (error) {
    await closers.closeAll().catch(() => undefined);
    throw explainDataFolder(error, resolve(config.DATA_DIR));
  }
}

async function start(config: Config, log: Logger, closers: Closers, signal: AbortSignal): Promise<Running> {
  // First, because the manifest may be wrong.
  const graphql = config.ROLE === 'worker' ? null : await openGraphql(config, log);
  const dataDirectory = resolve(config.DATA_DIR);
  await makeFolder(dataDirectory);
  const admin = await adminKey(config.ADMIN_API_KEY, dataDirectory);
  const databaseUrl = config.DATABASE_URL ?? (await embeddedDatabase(dataDirectory, log, closers));
  await refuseSharedSessions(databaseUrl);
  const around = settleEnvironment(wantedEnvironment(config), log);
  await migrate(config.MIGRATION_DATABASE_URL ?? databaseUrl, migrationsDirectory, { log, signal, around });
  if (config.MIGRATION_DATABASE_URL !== undefined) await prepareJobQueue(config.MIGRATION_DATABASE_URL);
  const patience = { timeoutMs: config.DATABASE_TIMEOUT_MS };
  const pictures = join(dataDirectory, 'storage');
  const verified = {
    databaseUrl,
    folder: join(dataDirectory, 'audit-anchors'),
    stored: openStoredBytes(pictures),
  };
  if (config.ROLE !== 'api') closers.push(() => anchorAtStop({ config, log }, verified));
  const events = await startEventFeed(databaseUrl, log, { ...patience, changed: changedProjects });
  const db = connectDatabase(databaseUrl, { ...patience, onNews: events.announce });
  closers.push(() => db.$disconnect());
  const reader = openReader(databaseUrl, patience);
  closers.push(() => reader.close());
  closers.push(() => events.close());

  const storage = await openLocalStorage(pictures, { log, claim: claimFor(db, hasImages) });
  closers.push(async () => storage.close());
  const provider = await openProvider(config, dataDirectory, closers);
  const segmind = createSegmind({
    ...provider,
    submitTimeoutMs: config.SEGMIND_SUBMIT_TIMEOUT_MS,
    syncTimeoutMs: config.SEGMIND_SYNC_TIMEOUT_MS,
    // A paid result may be larger than an upload of a client.
    maxOutputBytes: Math.max(config.MAX_IMAGE_BYTES * 4, config.SEGMIND_MEMORY_BYTES),
    memoryBytes: config.SEGMIND_MEMORY_BYTES,
    spool: () => storage.spool(),
  });
  closers.push(() => segmind.close());
  const outbound = createOutbound({ allow: config.FETCH_ALLOW, maxBytes: config.MAX_IMAGE_BYTES });
  closers.push(() => outbound.close());
  const intentNotes = new IntentNotes(join(dataDirectory, 'intents'));
  closers.push(() => intentNotes.close());
  const jobs = await startJobQueue(databaseUrl, jobKinds, log, patience);
  // A run that was requested has an event, so its worker need not look often.
  events.watch(jobs.wake);
  const patienceAtStop = [config.SHUTDOWN_GRACE_MS, longestAnswerMs(config)] as const;
  const sweeping = new AbortController();
  closers.push(() => {
    sweeping.abort();
    return jobs.stop(...patienceAtStop);
  });
  const tools: TaskContext = {
    config,
    log,
    clock: { now: () => new Date() },
    random: { uuid: randomUUID, below: (bound) => randomInt(bound) },
    db,
    reader,
    turns: createTurns(),
    jobs,
    events,
    stopping: sweeping.signal,
    storage,
    outbound,
    segmind,
    serverAccount: segmind.accountId,
    pace: createPaces(),
    intentNotes,
    keyring: createKeyring(await masterKeys(config.KEY_ENCRYPTION_KEYS, dataDirectory)),
    imageSecret: await imageSecret(db),
  };

  await refuseOtherEnvironment(tools);
  await keepServerKey(tools);
  await adoptBlobs(tools, AbortSignal.any([signal, sweeping.signal]));
  await reviewDatabase(tools);
  await endForeignRuns(tools);
  signal.throwIfAborted();
  const health = createProviderHealth(tools);
  const tasked = { ...tools, health, verified, longestCallMs: longestAnswerMs(config) };
  startTasks(tasked, tasksOfEach, sweeping.signal);
  const url = graphql && (await listen(config, tools, { key: admin.key, databaseUrl, graphql }, closers));
  signal.throwIfAborted();
  // From here to the end nothing is awaited, so that a start that is interrupted has begun no paid call.
  if (config.ROLE !== 'api') startTasks(tasked, tasksOfWorkers, sweeping.signal);
  if (config.SEGMIND_API_KEY !== undefined) void tryAccount(tools, sweeping.signal);
  const stop = () => {
    // At once, while requests are still answered, because a slow client must not delay the hand-over.
    sweeping.abort();
    jobs.handOver(...patienceAtStop).catch(() => undefined);
    return closers.closeAll();
  };
  const ending = { stop, hurry: jobs.hurry };

  if (url === null) {
    log.info({ role: 'worker', provider: provider.environment }, 'working');
    return { url, greet: () => '', ...ending };
  }
  log.info({ url, role: config.ROLE, provider: provider.environment }, 'listening');
  const { environment } = provider;
  return { url, greet: (reader) => greeting({ url, admin, environment }, reader), ...ending };
}

async function embeddedDatabase(dataDirectory: string, log: Logger, closers: Closers): Promise<string> {
  const postgres = await startEmbeddedPostgres({
    directory: join(dataDirectory, 'postgres'),
    log: (line) => log.debug({ part: 'postgres' }, line),
    warn: (line) => log.warn({ part: 'postgres' }, line),
  });
  closers.push(() => postgres.stop());
  return postgres.url;
}
