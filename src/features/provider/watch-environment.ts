import type { TaskContext } from '../../platform/context.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';

const lookEveryMs = 5_000;
type Looker = Pick<TaskContext, 'db' | 'segmind'>;
interface Watcher extends Looker, Pick<TaskContext, 'jobs' | 'log' | 'config'> {
  /** How long a paid call may take. */
  readonly longestCallMs: number;
}

/**
 * Looks whether the database still belongs to this process's provider environment. A process that was cut off from the
 * database while another one switched it rests from then on: it walks no more runs, and says so once. What it was about to
 * submit is refused by the database anyway. Paid calls that are under way have `longestCallMs` to end.
 */
export const watchEnvironment = defineTask({
  name: 'watch-environment',
  each: 'process',
  firstAfterMs: lookEveryMs,
  everyMs: lookEveryMs,
  words: {
    failed: "this process does not rest although the database is another environment's",
    over: 'this process rests',
  },
  run: (ctx: Watcher) => {
    const { segmind, jobs, log, config } = ctx;
    let isResting = false;
    return async (signal) => {
      if (isResting) return;
      // A database that does not answer gives no new fact.
      const environment = await readEnvironment(ctx).catch(() => segmind.environment);
      if (signal.aborted || environment === segmind.environment) return;
      isResting = true;
      log.fatal(
        { environment: segmind.environment, database: environment },
        'The database has gone over to another provider environment: this process walks no runs until it is restarted.',
      );
      await jobs.stop(config.SHUTDOWN_GRACE_MS, ctx.longestCallMs);
    };
  },
});

/** What is wrong with the environment, in a few words; null when the database has this process's. Throws what the database says. */
export async function findEnvironmentProblem(ctx: Looker): Promise<string | null> {
  const environment = await readEnvironment(ctx);
  return environment === ctx.segmind.environment
    ? null
    : 'the database has gone over to another provider environment';
}

/**
 * Throws an Error of one sentence when another process has switched the database since this one's start settled the
 * environment. From its first lasting connection on, this process keeps others from that.
 */
export async function refuseOtherEnvironment(ctx: Looker): Promise<void> {
  const problem = await findEnvironmentProblem(ctx);
  if (problem !== null) throw new Error(`${problem} while this process started: start it again.`);
}

/** The provider environment that the database belongs to; empty before the first start has settled it. */
async function readEnvironment({ db }: Pick<TaskContext, 'db'>): Promise<string> {
  const [row] = await db.$queryRaw<{ environment: string }[]>`SELECT provider_environment() AS environment`;
  return row?.environment ?? '';
}
