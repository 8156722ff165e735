import type { Logger } from '../../logger.ts';
import type { AroundMigrations } from '../../platform/db/migrations/migrate.ts';
import { hasCompany, type Session } from '../../platform/db/migrations/session.ts';
import { readSetting, writeSetting } from '../../platform/db/settings.ts';
import { compareSettings, type DecisiveSettings } from './decisive-settings.ts';
import { simulated } from './environment.ts';

/*
 * The name of the environment is a row of `settings`. The database itself writes it into each run, ledger entry,
 * budget period, price and time (a column's default, `provider_environment()`), so no writer can forget it. It is
 * settled around the migrations, under their lock. A start with another environment is refused there, before it has
 * written anything. A switch is only made while no other process is connected. A process whose database was switched to
 * another environment walks no more runs, and each submit checks the environment in the transaction of its intent.
 * Amounts of several environments are never added.
 */

/** The row of the table `settings` with the environment. Functions of the database use the same name. */
const settingName = 'provider-environment';

/** The environment and settings of a start. */
export interface WantedEnvironment {
  /** `simulator`, or the address of the provider's API. */
  readonly environment: string;
  /** The environment that the operator wants the database to leave; undefined for none. */
  readonly switchFrom: string | undefined;
  /** The settings that every process on the database should share. */
  readonly settings: DecisiveSettings;
}

/**
 * Makes sure that this process and the database belong to the same provider environment, around the migrations, while
 * no other process starts. A database without an environment gets that of this process, and so do its rows. A database
 * of the simulator can be switched to a live account once, when no other process is connected. Every other difference
 * throws an Error of one sentence, because simulated runs must not be paid, and paid runs must not end by answers of a
 * simulator.
 */
export function settleEnvironment(wanted: WantedEnvironment, log: Logger): AroundMigrations {
  return async (session, apply) => {
    const isNew = !(await hasSettings(session));
    if (!isNew) await settle(session, wanted, log);
    await apply();
    if (isNew) await settle(session, wanted, log);
    await compareSettings(session, wanted.settings, log);
  };
}

async function hasSettings(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ exists: boolean }>(
    `SELECT to_regclass('settings') IS NOT NULL AS exists`,
  );
  return rows[0]?.exists ?? false;
}

async function settle(session: Session, wanted: WantedEnvironment, log: Logger): Promise<void> {
  const { environment } = wanted;
  const known = await readSetting(session, settingName);
  if (known === environment) return;
  if (known !== null) await leave(session, known, wanted);
  await writeSetting(session, settingName, environment);
  if (known !== null) log.warn({ from: known, to: environment }, switched(known, environment));
  else await reportOldRuns(session, environment, log);
}

/** Throws unless the database may leave its environment now. */
async function leave(session: Session, from: string, { environment, switchFrom }: WantedEnvironment) {
  if (from !== simulated && switchFrom !== from) throw new Error(refusal(from, environment));
  if (await hasCompany(session)) {
    throw new Error(
      `this database belongs to ${nameOf(from)}, and other processes are connected to it: stop them all, then start this one again to switch it to ${nameOf(environment)}.`,
    );
  }
  if (!(await hasEnvironments(session))) {
    throw new Error(
      `this database belongs to ${nameOf(from)}, and an upgrade of it was interrupted: start this version once as before, so that its runs are recorded as runs of ${nameOf(from)}, and switch it then.`,
    );
  }
  if (from === simulated) return;
  const { rows } = await session.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM generations
     WHERE environment = $1 AND status IN ('SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING')`,
    [from],
  );
  const open = rows[0]?.count ?? 0;
  if (open > 0) {
    throw new Error(
      `this database cannot leave ${nameOf(from)} while ${open} of its runs are under way there: start it as before, and wait until they have ended.`,
    );
  }
}

/** Whether the runs have an environment. An upgrade gives them that of the database. */
async function hasEnvironments(session: Session): Promise<boolean> {
  const { rowCount } = await session.query(
    "SELECT FROM pg_attribute WHERE attrelid = to_regclass('generations') AND attname = 'environment'",
  );
  return rowCount === 1;
}

function refusal(from: string, to: string): string {
  const elsewhere = 'use another database (DATABASE_URL, or DATA_DIR)';
  if (to === simulated) {
    return `this database belongs to ${nameOf(from)}, and SEGMIND_API_KEY is not set, so this process would use the simulator: set the key, or ${elsewhere} for the simulator.`;
  }
  return `this database belongs to ${nameOf(from)}, and this process is set to ${nameOf(to)}: ${elsewhere}, or set PROVIDER_SWITCH_FROM=${from} to leave it permanently.`;
}

function switched(from: string, to: string): string {
  const cost = to === simulated ? 'runs are simulated from now on' : 'runs cost money from now on';
  return `The database was switched from ${nameOf(from)} to ${nameOf(to)}: ${cost}, and runs that were requested before are not submitted.`;
}

/** Logs that the runs of a version without environments get one. */
async function reportOldRuns(session: Session, environment: string, log: Logger): Promise<void> {
  const { rows } = await session.query<{ exists: boolean }>(
    'SELECT EXISTS (SELECT 1 FROM generations) AS exists',
  );
  if (rows[0]?.exists) {
    log.warn({ environment }, `The runs of this database are recorded as runs of ${nameOf(environment)}.`);
  }
}

function nameOf(environment: string): string {
  return environment === simulated ? 'the simulator' : `the live provider at ${environment}`;
}
