import { z } from 'zod';
import type { Logger } from '../../logger.ts';
import { isInUse, type Session } from '../../platform/db/migrations/session.ts';
import { readSetting, writeSetting } from '../../platform/db/settings.ts';
import type { Config } from '../../settings/config.ts';

/**
 * The settings that decide how a run ends, what it costs, and after what time no answer of the provider is expected.
 */
const names = [
  'SEGMIND_RETENTION_MS',
  'SEGMIND_FAILED_RUNS',
  'SEGMIND_SUBMIT_TIMEOUT_MS',
  'SEGMIND_SYNC_TIMEOUT_MS',
  'RECONCILE_AFTER_MS',
] as const satisfies readonly (keyof Config)[];

export type DecisiveSettings = Readonly<Pick<Config, (typeof names)[number]>>;

/** The row of the table `settings` with the values of the last start. */
const settingName = 'decisive-settings';
const known = z.record(z.string(), z.union([z.string(), z.number()]));

/**
 * Logs which of these settings differ from those of the last start, and stores its own. It is a warning when other
 * processes are connected, because a run's end would then depend on the process that decides it. One process at a time
 * does this.
 */
export async function compareSettings(
  session: Session,
  settings: DecisiveSettings,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<void> {
  const own = JSON.stringify(Object.fromEntries(names.map((name) => [name, settings[name]])));
  const last = await readSetting(session, settingName);
  if (last === own) return;
  await writeSetting(session, settingName, own);
  if (last === null) return;
  const before = known.parse(JSON.parse(last));
  const differing = names.filter((name) => name in before && before[name] !== settings[name]);
  if (differing.length === 0) return;
  const facts = Object.fromEntries(
    differing.map((name) => [name, { lastStart: before[name], thisProcess: settings[name] }]),
  );
  if (await isInUse(session)) log.warn(facts, differ);
  else log.info(facts, 'Settings that all processes on a database must share have changed.');
}

const differ =
  'Settings differ from those of the last start, and other processes are connected to this database: give all of them the same settings, because otherwise the end and the cost of a run depend on the process.';
