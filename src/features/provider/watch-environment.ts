import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskContext } from '../../platform/context.ts';

const lookEveryMs = 5_000;

/**
 * Looks whether the database still belongs to this process's provider environment. A process that was cut off from the
 * database while another one switched it rests from then on: it walks no more runs, and says so once. What it was about to
 * submit is refused by the database anyway.
 */
export async function watchEnvironment(
  { db, segmind, jobs, log, config }: Pick<TaskContext, 'db' | 'segmind' | 'jobs' | 'log' | 'config'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    // A database that does not answer tells nothing new.
    const environment = await readEnvironment({ db }).catch(() => segmind.environment);
    if (signal.aborted || environment === segmind.environment) continue;
    log.fatal(
      { environment: segmind.environment, database: environment },
      'The database has gone over to another provider environment: this process walks no runs until it is restarted.',
    );
    await jobs.stop(config.SHUTDOWN_GRACE_MS);
    return;
  }
}

/** The provider environment that the database belongs to; empty before the first start has settled it. */
export async function readEnvironment({ db }: Pick<TaskContext, 'db'>): Promise<string> {
  const [row] = await db.$queryRaw<{ environment: string }[]>`SELECT provider_environment() AS environment`;
  return row?.environment ?? '';
}
