import type { TaskContext } from '../../platform/context.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { admitGenerations } from '../generations/queue/slots.ts';

const projectsAtOnce = 50;
/** So many of one project's runs, then another's turn. */
const runsAtOnce = 20;

/**
 * Admits runs that wait although a slot is free: a limit was raised, or the run was held by somebody at the moment when
 * a slot was passed on. Resolves to whether there may be more at once.
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

/** The provider has ended, or forgotten, what it may have taken so long ago: the slot is free again. */
async function freeUncertain(ctx: TaskContext): Promise<void> {
  const old = await ctx.db.$queryRaw<{ id: string }[]>`
    SELECT id::text AS id FROM generations WHERE status = 'UNCERTAIN' AND holds_slot
      AND coalesce(attempted_at, requested_at) < now() - ${ctx.config.SEGMIND_SLOW_AFTER_MS} * interval '1 millisecond' LIMIT 100`;
  // One by one: each locks its project, and nobody holds two.
  for (const { id } of old) {
    await ctx.db.generation.updateMany({
      where: { id, status: 'UNCERTAIN', holdsSlot: true },
      data: { holdsSlot: false },
    });
  }
}

/** Every second, and at once where there is more to do. */
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
