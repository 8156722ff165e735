import type { TaskContext } from '../../platform/context.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { admitGenerations } from '../generations/queue/slots.ts';

const projectsAtOnce = 50;
/** The most runs of one project that are admitted before the next project. */
const runsAtOnce = 20;

/**
 * Reads the projects with a free slot and a waiting run, and the old UNCERTAIN runs that have a slot: after
 * SEGMIND_SLOW_AFTER_MS the provider has ended such a run, or has forgotten it.
 */
async function look({ db, config }: TaskContext): Promise<{ projects: string[]; uncertain: string[] }> {
  const rows = await db.$queryRaw<{ id: string; isProject: boolean }[]>`
    (SELECT p.id::text AS id, true AS "isProject" FROM projects p
      WHERE p.deleting_at IS NULL AND p.active_generations < p.max_concurrent_generations AND EXISTS (
        SELECT 1 FROM generations g WHERE g.project_id = p.id AND g.status = 'QUEUED' AND NOT g.holds_slot)
      ORDER BY random() LIMIT ${projectsAtOnce})
    UNION ALL
    (SELECT id::text, false FROM generations WHERE status = 'UNCERTAIN' AND holds_slot
      AND coalesce(attempted_at, requested_at) < now() - ${config.SEGMIND_SLOW_AFTER_MS} * interval '1 millisecond' LIMIT 100)`;
  const idsOf = (isProject: boolean) => rows.filter((row) => row.isProject === isProject).map(({ id }) => id);
  return { projects: idsOf(true), uncertain: idsOf(false) };
}

/**
 * Admits runs that wait although a slot is free: the limit was raised, or another transaction had locked the run when a
 * slot became free. Resolves to true when more runs may be admitted at once.
 */
async function admitWaiting(ctx: TaskContext, projects: readonly string[]): Promise<boolean> {
  let isMore = false;
  for (const id of projects) {
    const admitted = await ctx.db.$transaction((tx) => admitGenerations(ctx, tx, id, runsAtOnce));
    isMore ||= admitted === runsAtOnce;
  }
  return isMore;
}

/** Frees the slots of UNCERTAIN runs. */
async function freeUncertain({ db }: TaskContext, runs: readonly string[]): Promise<void> {
  // One by one, because each update locks its project, and a transaction must not hold the locks of two projects.
  for (const id of runs) {
    await db.generation.updateMany({
      where: { id, status: 'UNCERTAIN', holdsSlot: true },
      data: { holdsSlot: false },
    });
  }
}

/** Runs every second, and again at once when there is more to do. */
export const admitRegularly = defineTask({
  name: 'admit-waiting',
  each: 'process',
  everyMs: 1_000,
  words: { failed: 'waiting runs cannot be admitted', over: 'waiting runs are admitted again' },
  run: (ctx: TaskContext) => async () => {
    const { projects, uncertain } = await look(ctx);
    await freeUncertain(ctx, uncertain);
    // The freed slots are given in a round that follows at once.
    const isMore = await admitWaiting(ctx, projects);
    return isMore || uncertain.length > 0 ? 0 : undefined;
  },
});
