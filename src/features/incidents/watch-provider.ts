import type { TaskContext } from '../../platform/context.ts';
import { defineTask } from '../../platform/jobs/define-task.ts';
import { isAnswering } from '../provider/answering.ts';
import type { ProviderHealth } from '../provider/provider-health.ts';
import { claimProbe, endProbe } from '../provider/provider-pause.ts';
import { keepIncidents } from './keep-incidents.ts';
import { publishIncident } from './publish-incident.ts';
import { wakeWaiting } from './waiting-runs.ts';

/** So long the provider may take to answer before another process asks as well. */
const probeMs = 5_000;

/** A process that was not answered leaves the next probe to others for up to this time. */
const longestGiveWayMs = 2_000;

/**
 * Asks a provider that does not answer, until it does, by calls that cost nothing. One process at a time does, and no run
 * is risked for it. Resolves to whether it asked.
 */
export async function probeProvider(
  ctx: Pick<TaskContext, 'db' | 'segmind' | 'random'> & { readonly health: ProviderHealth },
): Promise<boolean> {
  // What a process finds that is cut off says nothing about the provider.
  if (ctx.health.isCutOff()) return false;
  // Otherwise a process whose own network is broken may be the first each time, and all others wait for it.
  const overdueMs = ctx.health.wasAnswered() ? 0 : ctx.random.below(longestGiveWayMs);
  if (!(await claimProbe(ctx, probeMs, overdueMs))) return false;
  const isBack = await isAnswering(ctx.segmind);
  if (isBack) ctx.health.answered();
  else ctx.health.unanswered();
  await endProbe(ctx, isBack);
  return true;
}

/** How often the database is read while nothing is paused. */
const quietMs = 2_000;

/** Whether there is anything to be looked at; hardly ever. */
async function isAnyPaused({ db }: Pick<TaskContext, 'db'>): Promise<boolean> {
  const [row] = await db.$queryRaw<{ isAny: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM provider_pauses) OR EXISTS (SELECT 1 FROM provider_incidents) AS "isAny"`;
  return row?.isAny ?? false;
}

/** One look: reports what began or ended, and wakes the runs that waited. Resolves to whether more may be due at once. */
export async function lookAtIncidents(ctx: TaskContext, signal: AbortSignal): Promise<boolean> {
  let isMore = false;
  for (const incident of (await keepIncidents(ctx)) ?? []) {
    if (signal.aborted) return false;
    if (incident.endedAt === null) await wakeWaiting(ctx, incident, signal);
    isMore = (await publishIncident(ctx, incident)) || isMore;
  }
  return isMore;
}

/**
 * Watches over the pauses of the provider and of its accounts. All that it knows is in the database: another process goes
 * on where one was killed.
 */
export const watchProvider = defineTask({
  name: 'watch-provider',
  each: 'process',
  everyMs: 500,
  words: {
    failed: 'pauses of the provider cannot be looked at',
    over: 'pauses of the provider are looked at again',
  },
  run: (ctx: TaskContext & { readonly health: ProviderHealth }) => {
    let isProbing = false;
    let isAny = true;
    let readAt = Number.NEGATIVE_INFINITY;
    const probe = async () => {
      if (isProbing) return;
      isProbing = true;
      // Another process asks when this one cannot.
      await probeProvider(ctx).catch(() => false);
      isProbing = false;
    };
    return async (signal) => {
      void ctx.health.recheck().catch(() => undefined);
      // This process knows of its own pauses at once, those of others within two seconds.
      if (!isAny && ctx.health.wasAnswered() && performance.now() - readAt < quietMs) return undefined;
      isAny = await isAnyPaused(ctx);
      // A failed read is tried again in the next round.
      readAt = performance.now();
      // A provider that hangs must not hold up the rest.
      if (isAny) void probe();
      const isMore = isAny && (await lookAtIncidents(ctx, signal));
      return isMore ? 0 : undefined;
    };
  },
});
