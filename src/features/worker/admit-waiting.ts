import type { TaskContext } from '../../platform/context.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { admitGenerations } from '../generations/queue/slots.ts';

const projectsAtOnce = 50;
/** The most runs of one project that are admitted before the next project. */
const runsAtOnce = 20;

/**
 * Admits runs that wait although a slot is free: the limit was raised, or another transaction had locked the run when a
 * slot became free. Resolves to true when more runs may be admitted at once.
 */
async function admitWaiting(ctx: TaskContext): Promise<boolean> {
  const projects = await ctx.db.$queryRaw<{ id: string }[]>`
    SELECT p.id::text AS id FROM projects p
    WHERE p.deleting_at IS NULL AND p.active_generations < p.max_concurrent_generations AND EXISTS (
      SELECT 1 FROM generations g WHERE g.project_id = p.id AND g.status = 'QUEUED' AND NOT g.holds_slot)
    ORDER BY random() LIMIT ${projectsAtOnce}`;
  let isMore = false;
  for (const { id } of projects) {
    const admitted = await ctx.db.$transaction((tx) => admitGenerations(ctx, tx, id, runsAtOnce));
    isMore ||= admitted === runsAtOnce;
  }
  return isMore;
}

/**
 * Frees the slots of old UNCERTAIN runs: after SEGMIND_SLOW_AFTER_MS the provider has ended such a run, or has
 * forgotten it.
 */
async function freeUncertain(ctx: TaskContext): Promise<void> {
  const old = await ctx.db.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM generations WHERE status = 'UNCERTAIN' AND holds_slot
      AND coalesce(attempted_at, requested_at) < now() - ${ctx.config.SEGMIND_SLOW_AFTER_MS} * interval '1 millisecond' LIMIT 100`;
  // One by one, because each update locks its project, and a transaction must not hold the locks of two projects.
  for (const { id } of old) {
    await ctx.db.generation.updateMany({
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
    await freeUncertain(ctx);
    return (await admitWaiting(ctx)) ? 0 : undefined;
  },
});
