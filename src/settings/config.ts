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

/** As many pixels as the picture library opens. */
export const mostImagePixels = 268_402_689;

/** How long a statement may take, unless an operator says otherwise. */
export const defaultDatabaseTimeoutMs = 15_000;

/** What runs cost longer ago than this is not believed any more. */
export const pricesBelievedDays = 90;

/** How many days something is kept; 0 keeps it for ever. */
const days = (fallback: number) => wholeNumber(0, 36_500, fallback);

const environment = z.object({
  /** The address to listen on. */
  HOST: z.string().default('127.0.0.1'),
  /** 0 takes any free port; the `listening` line tells which. */
  PORT: wholeNumber(0, 65_535, 4000),
  /** Where clients reach this server; all addresses that it gives start with it. Default: the address listened on. */
  PUBLIC_URL: publicUrl.optional(),
  /** Default: an embedded Postgres below DATA_DIR. */
  DATABASE_URL: postgresUrl.optional(),
  /** The same database as the role that owns the tables, for migrations only. Default: DATABASE_URL. */
  MIGRATION_DATABASE_URL: postgresUrl.optional(),
  /** How long a statement may take; what else is waited for at the database is a share or a multiple of it. */
  DATABASE_TIMEOUT_MS: wholeNumber(500, 600_000, defaultDatabaseTimeoutMs),
  /** Pictures, the admin key and the embedded database. */
  DATA_DIR: z.string().default('data'),
  /** Encrypt what must be read again: kid:base64 of 32 bytes, comma separated; the first encrypts, all decrypt. */
  KEY_ENCRYPTION_KEYS: masterKeyList,
  /** Default: made at first start and kept in DATA_DIR/admin-key. */
  ADMIN_API_KEY: adminApiKey.optional(),
  /** Where the organisation's identity provider publishes its keys; or, with a secret, AUTH_JWT_SECRET. */
  AUTH_JWKS_URL: httpUrl.optional(),
  AUTH_JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  /** What a token's `iss` and `aud` must be. */
  AUTH_ISSUER: name.optional(),
  AUTH_AUDIENCE: name.optional(),
  /** Wrong keys that one address may send in a minute before it has to wait. */
  AUTH_FAILURES_PER_MINUTE: wholeNumber(1, 1_000_000, 60),
  /** Proxies, by address or network, whose X-Forwarded-For is believed. */
  TRUST_PROXY: list,
  /** Sites whose pages may call this API; * for all. */
  CORS_ORIGINS: list,
  /** Whether viewers may ask for the schema; the admin always may. */
  INTROSPECTION: z.enum(['on', 'off'], 'must be on or off').default('on'),
  /** compiled answers queries from statements of their own where it can; graphql-js asks the resolvers, always. */
  EXECUTOR: z.enum(['compiled', 'graphql-js'], 'must be compiled or graphql-js').default('compiled'),
  /** A manifest of documents; with it no others are executed, whoever asks. */
  PERSISTED_DOCUMENTS: z.string().optional(),
  /** Query points that come back to a viewer in a second, and that they can have at the most. */
  COST_PER_SECOND: wholeNumber(1, 1_000_000, 1_000),
  COST_BURST: wholeNumber(1, 100_000_000, 20_000),
  /** Sockets, and subscriptions over all of them, that one viewer may hold on one process. */
  WS_MAX_SOCKETS: wholeNumber(1, 100_000, 20),
  WS_MAX_SUBSCRIPTIONS: wholeNumber(1, 100_000, 50),
  /** api answers clients, worker walks the runs, all does both. */
  ROLE: z.enum(['all', 'api', 'worker'], 'must be all, api or worker').default('all'),
  /** For all that a stopping process can hand over. Paid calls under way are waited for until their own deadline. */
  SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000, 15_000),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  /** Without it a simulator of the provider is started, and nothing is paid for. */
  SEGMIND_API_KEY: key.optional(),
  SEGMIND_BASE_URL: httpUrl.default('https://api.segmind.com'),
  /** Default: the provider's asset endpoint, or `/upload-asset` of another SEGMIND_BASE_URL. */
  SEGMIND_UPLOAD_URL: httpUrl.optional(),
  /**
   * The provider's list of past runs, against which lost answers and costs can be looked up. No default, because its
   * documents do not know it: its Python SDK asks api.spotprod.segmind.com below /inference-request/, `generations`
   * for runs with a picture or `request-history` for all.
   */
  SEGMIND_GENERATIONS_URL: httpUrl.optional(),
  SEGMIND_POLL_MIN_MS: wholeNumber(10, 60_000, 1_000),
  SEGMIND_POLL_MAX_MS: wholeNumber(10, 600_000, 10_000),
  SEGMIND_SUBMIT_TIMEOUT_MS: wholeNumber(100, 600_000, 30_000),
  /** For the synchronous API, where the answer takes as long as the run. */
  SEGMIND_SYNC_TIMEOUT_MS: wholeNumber(100, 3_600_000, 300_000),
  /** Larger answers go to the disk while they come. Four times as much is looked at for pictures, as one text. */
  SEGMIND_MEMORY_BYTES: wholeNumber(65_536, 100_000_000, 67_108_864),
  /** How long the provider keeps a request; after that its result is lost. */
  SEGMIND_RETENTION_MS: wholeNumber(1_000, 86_400_000, 3_600_000),
  /** A run longer than this is shown as slow; it is polled on. */
  SEGMIND_SLOW_AFTER_MS: wholeNumber(1_000, 86_400_000, 600_000),
  /** v1 blocks for the whole run and can lose more; `model`, here null, leaves it to each model's definition. */
  SEGMIND_TRANSPORT: transport,
  /** The provider does not charge failed runs; "charged" books their price all the same. */
  SEGMIND_FAILED_RUNS: z.enum(['free', 'charged'], 'must be free or charged').default('free'),
  /** Dollars set aside for a run of which nobody knows what it will cost. */
  UNKNOWN_PRICE_HOLD: dollars('5.00'),
  /** What is set aside where only a mean price is known, in percent of it. */
  PRICE_HEADROOM_PERCENT: wholeNumber(100, 10_000, 200),
  /** How often an account at the provider is compared with the books. */
  RECONCILE_EVERY_MS: wholeNumber(100, 86_400_000, 30_000),
  /** After a submit has timed out: how much later at the latest the provider's list of runs has it. */
  RECONCILE_AFTER_MS: wholeNumber(0, 86_400_000, 120_000),
  /** How often the books are verified and the audit log is anchored outside of the database. */
  AUDIT_ANCHOR_EVERY_MS: wholeNumber(100, 86_400_000, 3_600_000),
  /** How long a quote binds. */
  QUOTE_LIFETIME_MS: wholeNumber(1_000, 86_400_000, 900_000),
  /** How long a project's events can be replayed. */
  EVENTS_KEPT_DAYS: days(90),
  /** How long a repeated idempotency key is answered with the run of the first time. */
  IDEMPOTENCY_KEYS_KEPT_DAYS: days(90),
  /** How long what runs have cost and taken is kept. Nothing older is believed, so a longer time would change no price. */
  PRICE_OBSERVATIONS_KEPT_DAYS: wholeNumber(0, pricesBelievedDays, pricesBelievedDays),
  /** How long an account's balances are kept for the reconciliation. */
  BALANCES_KEPT_DAYS: days(365),
  /** How long an invitation is listed that was accepted or withdrawn, or has expired. Its address goes before. */
  INVITATIONS_KEPT_DAYS: days(365),
  /** How long an API key is listed that was revoked, or has expired. */
  ENDED_KEYS_KEPT_DAYS: days(365),
  /** How long a user is remembered who is in no project and does not come any more. */
  USERS_KEPT_DAYS: days(365),
  /** Runs that one process takes care of at a time, most of which wait for the provider. */
  WORKER_CONCURRENCY: wholeNumber(1, 50_000, 5_000),
  SIMULATOR_SPEED: wholeNumber(1, 100_000, defaultSimulatorSpeed),
  /** A simulator that runs already, in place of one that this process starts. Without SEGMIND_API_KEY only. */
  SIMULATOR_URL: httpUrl.optional(),
  /**
   * The provider environment that the database is to leave at this start: `simulator`, or the address of an API. It must
   * be named, because a database of a live account goes to no other environment by itself.
   */
  PROVIDER_SWITCH_FROM: z
    .union([z.literal('simulator'), httpUrl], 'must be simulator or an http(s):// URL')
    .optional(),
  MAX_BODY_BYTES: wholeNumber(1_024, 1_073_741_824, 33_554_432),
  MAX_IMAGE_BYTES: wholeNumber(1_024, 1_073_741_824, 20_971_520),
  MAX_IMAGE_PIXELS: wholeNumber(1_024, mostImagePixels, 67_108_864),
  /** How long a picture that was uploaded and that nothing uses is kept. */
  UNUSED_UPLOADS_KEPT_HOURS: wholeNumber(1, 87_600, 24),
  /**
   * Bytes that viewers have sent, or have had fetched, and that are not answered yet: of one viewer, and of all together.
   * A byte of JSON takes up to five of memory while its request is worked on.
   */
  MAX_BYTES_IN_FLIGHT_PER_VIEWER: wholeNumber(65_536, 4_294_967_296, 67_108_864),
  MAX_BYTES_IN_FLIGHT: wholeNumber(131_072, 68_719_476_736, 268_435_456),
  /** Uploaded pictures that are decoded at a time, of one viewer one at a time; the others wait. */
  MAX_PICTURES_AT_ONCE: wholeNumber(1, 64, 2),
  /** Frames that one viewer may send in a second over all sockets on one process, half of them over one; others are read later. */
  WS_FRAMES_PER_SECOND: wholeNumber(10, 1_000_000, 2_000),
  /** Hosts, host:port pairs or networks that image URLs may point at although they are not public. */
  FETCH_ALLOW: list,
});

/** The names of all settings. */
export const settingNames: readonly string[] = Object.keys(environment.shape);

/** The checked configuration; names are the environment's own. */
export type Config = z.output<typeof environment>;

/** Every problem of the environment at once, one line each. */
export class ConfigProblem extends Error {
  override name = 'ConfigProblem';

  /** `count` where there are more than are told. */
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

/** Where the shares of bytes in flight are not set, they have room for the largest bodies that are taken. */
function withRoom(config: Config, set: Readonly<Record<string, string | undefined>>): Config {
  const { MAX_BODY_BYTES, MAX_IMAGE_BYTES } = config;
  const atLeast = (name: 'MAX_BYTES_IN_FLIGHT_PER_VIEWER' | 'MAX_BYTES_IN_FLIGHT', bytes: number) =>
    set[name] === undefined ? Math.max(config[name], bytes) : config[name];
  const each = atLeast('MAX_BYTES_IN_FLIGHT_PER_VIEWER', 2 * Math.max(MAX_BODY_BYTES, MAX_IMAGE_BYTES));
  const all = atLeast('MAX_BYTES_IN_FLIGHT', 2 * each);
  return { ...config, MAX_BYTES_IN_FLIGHT_PER_VIEWER: each, MAX_BYTES_IN_FLIGHT: all };
}

/** What is sound by itself and makes no sense together. */
function contradictions(config: Config): string[] {
  const problems: string[] = [];
  if (config.SEGMIND_POLL_MAX_MS < config.SEGMIND_POLL_MIN_MS) {
    problems.push('SEGMIND_POLL_MAX_MS must not be below SEGMIND_POLL_MIN_MS');
  }
  if (config.COST_BURST < config.COST_PER_SECOND) {
    problems.push('COST_BURST must not be below COST_PER_SECOND');
  }
  for (const name of ['MAX_BODY_BYTES', 'MAX_IMAGE_BYTES'] as const) {
    // What comes in small pieces takes more than its bytes.
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
    // Without them a token that was made for another of the organisation's services would do here as well.
    if (hasTokens && config[name] === undefined) problems.push(`${name} must be set where tokens are taken`);
  }
  return problems;
}
