import 'reflect-metadata';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { errorCode } from './errors.ts';
import { admitRegularly } from './features/generations/tasks/admit-waiting.ts';
import { advanceGeneration } from './features/generations/tasks/advance-generation.ts';
import { reviewRestored } from './features/generations/tasks/review-restored.ts';
import { sweepRegularly } from './features/generations/tasks/sweep-generations.ts';
import { createWorker } from './features/generations/tasks/worker.ts';
import { adoptBlobs } from './features/images/adopt-blobs.ts';
import { removeProjectsRegularly } from './features/project-deletion/tasks/remove-projects.ts';
import { reconcileRegularly } from './features/reconciliation/tasks/reconcile-regularly.ts';
import { greeting } from './greeting.ts';
import type { Logger } from './logger.ts';
import { adminKey, imageSecret, masterKeys } from './own-keys.ts';
import { createVerifyToken } from './platform/auth/access-token.ts';
import { createAuthenticate } from './platform/auth/authenticate.ts';
import type { TaskContext } from './platform/context.ts';
import { connectDatabase } from './platform/db/connect.ts';
import { refuseSharedSessions } from './platform/db/connections/shared-sessions.ts';
import { findDatabaseProblem } from './platform/db/database-health.ts';
import { startEmbeddedPostgres } from './platform/db/embedded-postgres.ts';
import { migrate, migrationsDirectory } from './platform/db/migrate.ts';
import { openReader } from './platform/db/reads/reader.ts';
import { createTurns } from './platform/db/turns.ts';
import { startEventFeed } from './platform/events/event-feed.ts';
import { startJobQueue } from './platform/jobs/job-queue.ts';
import { createAttempts } from './platform/limits/attempts.ts';
import { createCostMeter } from './platform/limits/cost-meter.ts';
import { createOutbound } from './platform/outbound/fetch-picture-url.ts';
import { createKeyring } from './platform/secrets/keyring.ts';
import { createPaces } from './platform/segmind/pace.ts';
import { createSegmind } from './platform/segmind/segmind.ts';
import { openHighWater } from './platform/storage/high-water.ts';
import { openLocalStorage } from './platform/storage/local-storage.ts';
import { createServer, type Server } from './server/create-server.ts';
import { type Graphql, openGraphql } from './server/open-graphql.ts';
import { startSimulator } from './simulator/simulator.ts';

/** A started process: the address it listens on (none for a worker), and what stops it. */
export interface Running {
  readonly url: string | null;
  /** What a person at the terminal reads; empty for a worker. */
  readonly greeting: string;
  stop(): Promise<void>;
}

/** Stops what was started, newest first; a part that fails to stop does not keep the others from it. */
type Closers = (() => Promise<unknown>)[];

async function closeAll(closers: Closers): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.splice(0).reverse()) await close().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Starts everything that the configuration asks for. What was started before a failure is stopped again. */
export async function boot(config: Config, log: Logger): Promise<Running> {
  const closers: Closers = [];
  try {
    return await start(config, log, closers);
  } catch (error) {
    await closeAll(closers).catch(() => undefined);
    throw error;
  }
}

async function start(config: Config, log: Logger, closers: Closers): Promise<Running> {
  // First of all: it may turn out to be a bad manifest.
  const graphql = config.ROLE === 'worker' ? null : await openGraphql(config, log);
  const dataDirectory = resolve(config.DATA_DIR);
  await mkdir(dataDirectory, { recursive: true });
  const key = await adminKey(config.ADMIN_API_KEY, dataDirectory);
  const databaseUrl = config.DATABASE_URL ?? (await embeddedDatabase(dataDirectory, log, closers));
  await refuseSharedSessions(databaseUrl);
  const applied = await migrate(databaseUrl, migrationsDirectory);
  if (applied.length > 0) log.info({ applied }, 'migrations applied');
  const patience = { timeoutMs: config.DATABASE_TIMEOUT_MS };
  const events = await startEventFeed(databaseUrl, log, patience);
  const db = connectDatabase(databaseUrl, { ...patience, onNews: events.announce });
  closers.push(() => db.$disconnect());
  const reader = openReader(databaseUrl, patience);
  closers.push(() => reader.close());

  const provider = await findProvider(config, dataDirectory, closers);
  const segmind = createSegmind({
    ...provider,
    submitTimeoutMs: config.SEGMIND_SUBMIT_TIMEOUT_MS,
    syncTimeoutMs: config.SEGMIND_SYNC_TIMEOUT_MS,
    maxOutputBytes: config.MAX_IMAGE_BYTES * 4,
  });
  closers.push(() => segmind.close());
  const outbound = createOutbound({ allow: config.FETCH_ALLOW, maxBytes: config.MAX_IMAGE_BYTES });
  closers.push(() => outbound.close());
  const jobs = await startJobQueue(databaseUrl, log, patience);
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
    storage: await openLocalStorage(join(dataDirectory, 'storage')),
    outbound,
    segmind,
    pace: createPaces(),
    highWater: openHighWater(join(dataDirectory, 'last-attempt')),
    keyring: createKeyring(await masterKeys(config.KEY_ENCRYPTION_KEYS, dataDirectory)),
    imageSecret: await imageSecret(db),
  };

  await adoptBlobs(tools);
  await reviewRestored(tools);
  const sweeping = new AbortController();
  if (config.ROLE !== 'api') {
    const worker = createWorker(tools);
    jobs.work((wakeup, signal) => advanceGeneration(worker, wakeup, signal), config.WORKER_CONCURRENCY);
    void admitRegularly(tools, sweeping.signal);
    void sweepRegularly(tools, sweeping.signal);
    void reconcileRegularly(tools, sweeping.signal);
    void removeProjectsRegularly(tools, sweeping.signal);
  }
  closers.push(() => events.close());
  closers.push(() => {
    sweeping.abort();
    return jobs.stop(config.SHUTDOWN_GRACE_MS);
  });

  if (!graphql) {
    log.info({ role: 'worker', provider: provider.kind }, 'working');
    return { url: null, greeting: '', stop: () => closeAll(closers) };
  }
  const url = await listen(config, tools, { key, databaseUrl, graphql }, closers);
  log.info({ url, role: config.ROLE, provider: provider.kind }, 'listening');
  return { url, greeting: greeting({ url, key, provider }), stop: () => closeAll(closers) };
}

async function embeddedDatabase(dataDirectory: string, log: Logger, closers: Closers): Promise<string> {
  const postgres = await startEmbeddedPostgres({
    directory: join(dataDirectory, 'postgres'),
    log: (line) => log.debug({ part: 'postgres' }, line),
  });
  closers.push(() => postgres.stop());
  return postgres.url;
}

/** Where runs go, and whether they cost money. */
export interface Provider {
  readonly kind: 'SIMULATED' | 'LIVE';
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly uploadUrl: string;
  /** Where past runs can be looked up; left out, nowhere. */
  readonly generationsUrl: string | undefined;
}

const liveHost = 'api.segmind.com';
const liveUploadUrl = 'https://workflows-api.segmind.com/upload-asset';

/** With a key the provider itself. Without one a simulator of it: from here on it is only another base URL. */
async function findProvider(config: Config, dataDirectory: string, closers: Closers): Promise<Provider> {
  if (config.SEGMIND_API_KEY !== undefined) {
    const baseUrl = config.SEGMIND_BASE_URL;
    const isLiveHost = new URL(baseUrl).host === liveHost;
    const uploadUrl = config.SEGMIND_UPLOAD_URL ?? (isLiveHost ? liveUploadUrl : `${baseUrl}/upload-asset`);
    const generationsUrl = config.SEGMIND_GENERATIONS_URL;
    return { kind: 'LIVE', apiKey: config.SEGMIND_API_KEY, baseUrl, uploadUrl, generationsUrl };
  }
  const simulator = await startSimulator({
    speed: config.SIMULATOR_SPEED,
    retentionMs: config.SEGMIND_RETENTION_MS,
    directory: join(dataDirectory, 'simulator'),
  });
  closers.push(() => simulator.close());
  return {
    kind: 'SIMULATED',
    apiKey: 'SG_simulated0000000',
    baseUrl: simulator.url,
    uploadUrl: config.SEGMIND_UPLOAD_URL ?? `${simulator.url}/upload-asset`,
    generationsUrl: config.SEGMIND_GENERATIONS_URL ?? `${simulator.url}/inference-request/request-history`,
  };
}

async function listen(
  config: Config,
  tools: TaskContext,
  { key, databaseUrl, graphql }: { key: string; databaseUrl: string; graphql: Graphql },
  closers: Closers,
): Promise<string> {
  // The address is only known once the port is; nothing asks for it before the first request.
  let url = config.PUBLIC_URL ?? '';
  const patience = { timeoutMs: config.DATABASE_TIMEOUT_MS };
  const authenticate = createAuthenticate({
    adminKey: key,
    db: tools.db,
    reader: tools.reader,
    verifyToken: createVerifyToken({
      jwksUrl: config.AUTH_JWKS_URL,
      secret: config.AUTH_JWT_SECRET,
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
    }),
  });
  const attempts = createAttempts(config.AUTH_FAILURES_PER_MINUTE);
  const meter = createCostMeter({
    databaseUrl,
    ...patience,
    perSecond: config.COST_PER_SECOND,
    burst: config.COST_BURST,
  });
  closers.push(() => meter.close());
  const exportsDb = connectDatabase(databaseUrl, {
    purpose: 'exports',
    ...patience,
  });
  closers.push(() => exportsDb.$disconnect());
  const server: Server = await createServer(
    {
      ...tools,
      authenticate: (authorization, address) =>
        attempts.guard(address, authorization, () => authenticate(authorization)),
      meter,
      exportsDb,
      readiness: [
        { name: 'database', findProblem: () => findDatabaseProblem(databaseUrl, tools.db, patience) },
        { name: 'jobs', findProblem: async () => tools.jobs.findProblem() },
      ],
      get publicUrl() {
        return url;
      },
    },
    graphql,
  );
  closers.push(() => server.close());
  try {
    const address = await server.app.listen({ host: config.HOST, port: config.PORT });
    url ||= address.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]');
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') {
      throw new Error(`port ${config.PORT} on ${config.HOST} is in use; choose another with PORT.`);
    }
    throw error;
  }
  return url;
}
