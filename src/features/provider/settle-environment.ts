import type { Logger } from '../../logger.ts';
import { type StartSession, withStartSession } from '../../platform/db/start-session.ts';
import { simulated } from './environment.ts';

/** The database's own word, which every process on it must agree with; the database knows it by this name. */
const settingName = 'provider-environment';

/** What a start asks for. */
export interface WantedEnvironment {
  /** `simulator`, or the address of the provider's API. */
  readonly environment: string;
  /** The environment that the operator wants the database to leave; undefined for none. */
  readonly switchFrom: string | undefined;
}

/**
 * Makes sure that this process and the database belong to the same provider environment, then runs the migrations, while
 * no other process starts. A database without an environment gets this process's, and so do the rows that it holds. One of
 * the simulator goes over to a live account once, when no other process is connected. Throws an Error of one sentence for
 * everything else: simulated runs must not be paid, and paid runs must not end by a simulator's answers.
 */
export async function settleEnvironment<Result>(
  databaseUrl: string,
  wanted: WantedEnvironment,
  log: Logger,
  migrate: () => Promise<Result>,
): Promise<Result> {
  return withStartSession(databaseUrl, async (session) => {
    const isNew = !(await hasSettings(session));
    if (!isNew) await settle(session, wanted, log);
    const result = await migrate();
    if (isNew) await settle(session, wanted, log);
    return result;
  });
}

async function hasSettings({ query }: StartSession): Promise<boolean> {
  const [found] = await query<{ exists: boolean }>(`SELECT to_regclass('settings') IS NOT NULL AS exists`);
  return found?.exists ?? false;
}

async function settle(session: StartSession, wanted: WantedEnvironment, log: Logger): Promise<void> {
  const { environment } = wanted;
  const [known] = await session.query<{ value: string }>('SELECT value FROM settings WHERE name = $1', [
    settingName,
  ]);
  if (known?.value === environment) return;
  if (known) await leave(session, known.value, wanted);
  await session.query(
    'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    [settingName, environment],
  );
  if (known) log.warn({ from: known.value, to: environment }, `${switched(known.value, environment)}`);
  else await tellOfOldRuns(session, environment, log);
}

/** Throws unless the database may leave its environment now. */
async function leave(session: StartSession, from: string, { environment, switchFrom }: WantedEnvironment) {
  if (from !== simulated && switchFrom !== from) throw new Error(refusal(from, environment));
  if (await session.hasCompany()) {
    throw new Error(
      `this database belongs to ${nameOf(from)}, and other processes are connected to it: stop them all, then start this one again to switch it to ${nameOf(environment)}.`,
    );
  }
  if (from === simulated) return;
  const [open] = await session.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM generations
     WHERE environment = $1 AND status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING')`,
    [from],
  );
  if (open && open.count > 0) {
    throw new Error(
      `this database cannot leave ${nameOf(from)} while ${open.count} of its runs are under way there: start it as before, and wait until they have ended.`,
    );
  }
}

function refusal(from: string, to: string): string {
  const elsewhere = 'use another database (DATABASE_URL, or DATA_DIR)';
  if (to === simulated) {
    return `this database belongs to ${nameOf(from)}, and SEGMIND_API_KEY is not set, so this process would use the simulator: set the key, or ${elsewhere} for the simulator.`;
  }
  return `this database belongs to ${nameOf(from)}, and this process is set to ${nameOf(to)}: ${elsewhere}, or set PROVIDER_SWITCH_FROM=${from} to leave it for good.`;
}

function switched(from: string, to: string): string {
  const cost = to === simulated ? 'runs are simulated from now on' : 'runs cost money from now on';
  return `The database was switched from ${nameOf(from)} to ${nameOf(to)}: ${cost}, and what was asked for before is not submitted.`;
}

/** Rows of a version that knew no environments. */
async function tellOfOldRuns({ query }: StartSession, environment: string, log: Logger): Promise<void> {
  const [runs] = await query<{ exists: boolean }>('SELECT EXISTS (SELECT 1 FROM generations) AS exists');
  if (runs?.exists) {
    log.warn(
      { environment },
      `The runs that this database holds are taken for runs of ${nameOf(environment)}.`,
    );
  }
}

function nameOf(environment: string): string {
  return environment === simulated ? 'the simulator' : `the live provider at ${environment}`;
}
