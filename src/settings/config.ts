import { z } from 'zod';
import { logLevels } from '../logger.ts';
import { defaultSimulatorSpeed } from './script-variables.ts';
import {
  adminApiKey,
  dollars,
  httpUrl,
  key,
  list,
  masterKeyList,
  name,
  postgresUrl,
  publicUrl,
  transport,
  wholeNumber,
} from './setting-parsers.ts';

/** The most pixels that the picture library opens. */
export const mostImagePixels = 268_402_689;

/** How long a statement may take by default, in milliseconds. */
export const defaultDatabaseTimeoutMs = 15_000;

/** Observed prices that are older than this are not used. */
export const pricesBelievedDays = 90;

/** A number of days for which something is kept; 0 keeps it for ever. */
const days = (fallback: number) => wholeNumber(0, 36_500, fallback);

const environment = z.object({
  /** The address to listen on. */
  HOST: z.string().default('127.0.0.1'),
  /** 0 takes any free port; the log line `listening` has its number. */
  PORT: wholeNumber(0, 65_535, 4000),
  /**
   * The address by which clients reach this server; all addresses in responses start with it. Default: the one listened
   * on.
   */
  PUBLIC_URL: publicUrl.optional(),
  /** Default: an embedded Postgres below DATA_DIR. */
  DATABASE_URL: postgresUrl.optional(),
  /** The same database as the role that owns the tables, for migrations only. Default: DATABASE_URL. */
  MIGRATION_DATABASE_URL: postgresUrl.optional(),
  /** How long a statement may take. The other timeouts of the database are a share or a multiple of it. */
  DATABASE_TIMEOUT_MS: wholeNumber(500, 600_000, defaultDatabaseTimeoutMs),
  /** Pictures, the admin key and the embedded database. */
  DATA_DIR: z.string().default('data'),
  /**
   * Encrypt secrets that must be read again: kid:base64 of 32 bytes, comma separated; the first encrypts, all decrypt.
   */
  KEY_ENCRYPTION_KEYS: masterKeyList,
  /** Default: made at first start and kept in DATA_DIR/admin-key. */
  ADMIN_API_KEY: adminApiKey.optional(),
  /**
   * The address of the keys of the organisation's identity provider. With a shared secret set AUTH_JWT_SECRET instead.
   */
  AUTH_JWKS_URL: httpUrl.optional(),
  AUTH_JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  /** The required `iss` and `aud` of a token. */
  AUTH_ISSUER: name.optional(),
  AUTH_AUDIENCE: name.optional(),
  /** The wrong keys that one address may send in a minute before it has to wait. */
  AUTH_FAILURES_PER_MINUTE: wholeNumber(1, 1_000_000, 60),
  /** Proxies, by address or network, whose X-Forwarded-For is trusted. */
  TRUST_PROXY: list,
  /** Sites whose pages may call this API; * for all. */
  CORS_ORIGINS: list,
  /** Whether viewers may ask for the schema; the admin always may. */
  INTROSPECTION: z.enum(['on', 'off'], 'must be on or off').default('on'),
  /** compiled answers queries with compiled SQL statements if it can; graphql-js always calls the resolvers. */
  EXECUTOR: z.enum(['compiled', 'graphql-js'], 'must be compiled or graphql-js').default('compiled'),
  /** A manifest of documents. With it no other documents are executed, for no viewer. */
  PERSISTED_DOCUMENTS: z.string().optional(),
  /** The query points that a viewer gets back in a second, and the most that they can have. */
  COST_PER_SECOND: wholeNumber(1, 1_000_000, 1_000),
  COST_BURST: wholeNumber(1, 100_000_000, 20_000),
  /** The sockets that one viewer may hold on one process, and the subscriptions over all these sockets. */
  WS_MAX_SOCKETS: wholeNumber(1, 100_000, 20),
  WS_MAX_SUBSCRIPTIONS: wholeNumber(1, 100_000, 50),
  /** api answers clients, worker works on runs, all does both. */
  ROLE: z.enum(['all', 'api', 'worker'], 'must be all, api or worker').default('all'),
  /** The time to hand work over at a stop. Paid calls under way are awaited until their own deadline. */
  SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000, 15_000),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  /** Without it the server starts a simulator of the provider, and runs cost nothing. */
  SEGMIND_API_KEY: key.optional(),
  SEGMIND_BASE_URL: httpUrl.default('https://api.segmind.com'),
  /** Default: the provider's asset endpoint, or `/upload-asset` of another SEGMIND_BASE_URL. */
  SEGMIND_UPLOAD_URL: httpUrl.optional(),
  /**
   * The provider's list of past runs, in which lost answers and costs can be looked up. It has no default, because the
   * provider's documents do not mention it. The provider's Python SDK asks api.spotprod.segmind.com below
   * /inference-request/: `generations` for runs with a picture, or `request-history` for all runs.
   */
  SEGMIND_GENERATIONS_URL: httpUrl.optional(),
  SEGMIND_POLL_MIN_MS: wholeNumber(10, 60_000, 1_000),
  SEGMIND_POLL_MAX_MS: wholeNumber(10, 600_000, 10_000),
  SEGMIND_SUBMIT_TIMEOUT_MS: wholeNumber(100, 600_000, 30_000),
  /** For the synchronous API, whose response takes as long as the run. */
  SEGMIND_SYNC_TIMEOUT_MS: wholeNumber(100, 3_600_000, 300_000),
  /** Larger answers go to the disk as they arrive. A text up to four times as large is searched for pictures. */
  SEGMIND_MEMORY_BYTES: wholeNumber(65_536, 100_000_000, 67_108_864),
  /** How long the provider keeps a request; after that its result is lost. */
  SEGMIND_RETENTION_MS: wholeNumber(1_000, 86_400_000, 3_600_000),
  /** A run that takes longer is shown as slow; polling continues. */
  SEGMIND_SLOW_AFTER_MS: wholeNumber(1_000, 86_400_000, 600_000),
  /** v1 blocks for the whole run and can lose more answers; `model`, here null, uses the model's definition. */
  SEGMIND_TRANSPORT: transport,
  /** The provider does not charge failed runs; "charged" still books their price. */
  SEGMIND_FAILED_RUNS: z.enum(['free', 'charged'], 'must be free or charged').default('free'),
  /** The hold, in dollars, of a run whose price is unknown. */
  UNKNOWN_PRICE_HOLD: dollars('5.00'),
  /** The hold of a run for which only a mean price is known, in percent of that price. */
  PRICE_HEADROOM_PERCENT: wholeNumber(100, 10_000, 200),
  /** How often an account at the provider is compared with the ledger. */
  RECONCILE_EVERY_MS: wholeNumber(100, 86_400_000, 30_000),
  /** The longest time after the timeout of a submit until the provider's list of runs has the run. */
  RECONCILE_AFTER_MS: wholeNumber(0, 86_400_000, 120_000),
  /** How often the books are verified and the audit log is anchored outside of the database. */
  AUDIT_ANCHOR_EVERY_MS: wholeNumber(100, 86_400_000, 3_600_000),
  /** How long a quote is valid. */
  QUOTE_LIFETIME_MS: wholeNumber(1_000, 86_400_000, 900_000),
  /** How long a project's events can be replayed. */
  EVENTS_KEPT_DAYS: days(90),
  /** How long a repeated idempotency key is answered with the first run. */
  IDEMPOTENCY_KEYS_KEPT_DAYS: days(90),
  /**
   * How long observed costs and times of runs are kept. Older ones are not used, so a longer time would change no
   * price.
   */
  PRICE_OBSERVATIONS_KEPT_DAYS: wholeNumber(0, pricesBelievedDays, pricesBelievedDays),
  /** How long an account's balances are kept for the reconciliation. */
  BALANCES_KEPT_DAYS: days(365),
  /**
   * How long an invitation is kept after it was accepted or withdrawn, or has expired. Its address is cleared earlier.
   */
  INVITATIONS_KEPT_DAYS: days(365),
  /** How long an API key is kept after it was revoked or has expired. */
  ENDED_KEYS_KEPT_DAYS: days(365),
  /** How long a user is kept after their last visit, if they are in no project. */
  USERS_KEPT_DAYS: days(365),
  /** The runs that one process works on at a time. Most of them wait for the provider. */
  WORKER_CONCURRENCY: wholeNumber(1, 50_000, 5_000),
  SIMULATOR_SPEED: wholeNumber(1, 100_000, defaultSimulatorSpeed),
  /** The address of a running simulator, which this process uses instead of its own. Only without SEGMIND_API_KEY. */
  SIMULATOR_URL: httpUrl.optional(),
  /**
   * The provider environment that the database leaves at this start: `simulator`, or the address of an API. It must be
   * named, because a database of a live account never changes its environment by itself.
   */
  PROVIDER_SWITCH_FROM: z
    .union([z.literal('simulator'), httpUrl], 'must be simulator or an http(s):// URL')
    .optional(),
  MAX_BODY_BYTES: wholeNumber(1_024, 1_073_741_824, 33_554_432),
  MAX_IMAGE_BYTES: wholeNumber(1_024, 1_073_741_824, 20_971_520),
  MAX_IMAGE_PIXELS: wholeNumber(1_024, mostImagePixels, 67_108_864),
  /** How long an unused upload is kept. */
  UNUSED_UPLOADS_KEPT_HOURS: wholeNumber(1, 87_600, 24),
  /**
   * The bytes of uploads and of fetched pictures whose requests are not answered yet: of one viewer, and of all viewers
   * together. A byte of JSON takes up to five bytes of memory while its request is worked on.
   */
  MAX_BYTES_IN_FLIGHT_PER_VIEWER: wholeNumber(65_536, 4_294_967_296, 67_108_864),
  MAX_BYTES_IN_FLIGHT: wholeNumber(131_072, 68_719_476_736, 268_435_456),
  /** The uploaded pictures that are decoded at a time, at most one of each viewer. Others wait. */
  MAX_PICTURES_AT_ONCE: wholeNumber(1, 64, 2),
  /**
   * The frames that one viewer may send in a second over all sockets on one process, and half as many over one socket.
   * Further frames are read later.
   */
  WS_FRAMES_PER_SECOND: wholeNumber(10, 1_000_000, 2_000),
  /** Hosts, host:port pairs or networks that are not public, and that image URLs may still name. */
  FETCH_ALLOW: list,
});

/** The names of all settings. */
export const settingNames: readonly string[] = Object.keys(environment.shape);

/** The checked configuration, by the names of the environment's variables. */
export type Config = z.output<typeof environment>;

/** All problems of the environment, one line for each. */
export class ConfigProblem extends Error {
  override name = 'ConfigProblem';

  /** `count` is the number of problems, when `lines` has only some of them. */
  constructor(lines: readonly string[], count = lines.length) {
    const indented = lines.map((line) => `  ${line}`).join('\n');
    super(`The configuration has ${count} problem(s):\n${indented}`);
  }
}

/** Reads and checks the environment. An empty variable counts as unset. Throws ConfigProblem. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(set);
  if (!parsed.success) {
    throw new ConfigProblem(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  }
  const config = withRoom(parsed.data, set);
  const problems = contradictions(config);
  if (problems.length > 0) throw new ConfigProblem(problems);
  return config;
}

/** Raises the limits of bytes in flight that are not set, so that the largest allowed bodies fit. */
function withRoom(config: Config, set: Readonly<Record<string, string | undefined>>): Config {
  const { MAX_BODY_BYTES, MAX_IMAGE_BYTES } = config;
  const atLeast = (name: 'MAX_BYTES_IN_FLIGHT_PER_VIEWER' | 'MAX_BYTES_IN_FLIGHT', bytes: number) =>
    set[name] === undefined ? Math.max(config[name], bytes) : config[name];
  const each = atLeast('MAX_BYTES_IN_FLIGHT_PER_VIEWER', 2 * Math.max(MAX_BODY_BYTES, MAX_IMAGE_BYTES));
  const all = atLeast('MAX_BYTES_IN_FLIGHT', 2 * each);
  return { ...config, MAX_BYTES_IN_FLIGHT_PER_VIEWER: each, MAX_BYTES_IN_FLIGHT: all };
}

/** The problems of settings that are valid alone and contradict each other. */
function contradictions(config: Config): string[] {
  const problems: string[] = [];
  if (config.SEGMIND_POLL_MAX_MS < config.SEGMIND_POLL_MIN_MS) {
    problems.push('SEGMIND_POLL_MAX_MS must not be below SEGMIND_POLL_MIN_MS');
  }
  if (config.COST_BURST < config.COST_PER_SECOND) {
    problems.push('COST_BURST must not be below COST_PER_SECOND');
  }
  for (const name of ['MAX_BODY_BYTES', 'MAX_IMAGE_BYTES'] as const) {
    // A body that arrives in small pieces takes more memory than its bytes.
    if (config.MAX_BYTES_IN_FLIGHT_PER_VIEWER < 2 * config[name])
      problems.push(`MAX_BYTES_IN_FLIGHT_PER_VIEWER must be at least twice ${name}`);
  }
  if (config.MAX_BYTES_IN_FLIGHT < 2 * config.MAX_BYTES_IN_FLIGHT_PER_VIEWER) {
    problems.push('MAX_BYTES_IN_FLIGHT must be at least twice MAX_BYTES_IN_FLIGHT_PER_VIEWER');
  }
  if (config.AUTH_JWKS_URL !== undefined && config.AUTH_JWT_SECRET !== undefined) {
    problems.push('AUTH_JWKS_URL and AUTH_JWT_SECRET must not both be set');
  }
  if (config.MIGRATION_DATABASE_URL !== undefined && config.DATABASE_URL === undefined) {
    problems.push('MIGRATION_DATABASE_URL needs DATABASE_URL, which is the same database as another role');
  }
  const hasTokens = config.AUTH_JWKS_URL !== undefined || config.AUTH_JWT_SECRET !== undefined;
  for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const) {
    // Without them a token for another service of the organisation would also be accepted here.
    if (hasTokens && config[name] === undefined)
      problems.push(`${name} must be set when tokens are accepted`);
  }
  return problems;
}
