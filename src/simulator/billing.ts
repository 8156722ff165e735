import { findImageModel } from '../catalogue/catalogue.ts';
import { type Job, outputCount, stateOf } from './jobs.ts';
import type { World } from './world.ts';

/** The catalogue's price of a run; what is billed by time costs as many times more as it makes pictures. */
export function cataloguePrice(slug: string, body: Readonly<Record<string, unknown>>): bigint {
  const model = findImageModel(slug);
  const micros = model?.price.micros ?? 0n;
  // A body that will fail its validation may ask for half a picture.
  return model?.price.per === 'GPU_SECOND' ? micros * BigInt(Math.ceil(outputCount(model, body))) : micros;
}

/** Takes the prices of jobs from the balance, of each job once. */
export function charge({ state }: World, jobs: readonly Job[]): void {
  const uncharged = jobs.filter(({ isCharged }) => !isCharged);
  for (const job of uncharged) {
    const costMicros = BigInt(job.costMicros);
    job.isCharged = true;
    state.balanceMicros -= costMicros;
    state.bill.push({ requestId: job.id, slug: job.slug, costMicros });
    state.unsettled.delete(job);
  }
  if (uncharged.length > 0) state.save();
}

/** Charges every job that is complete by now, whoever asked after it. Comes before whatever shows the balance. */
export function settle(world: World): void {
  const { unsettled } = world.state;
  const now = world.now();
  const ended = [...unsettled].filter((job) => ['COMPLETED', 'FAILED'].includes(stateOf(job, now)));
  for (const job of ended) unsettled.delete(job);
  charge(
    world,
    ended.filter(({ failure }) => failure === null),
  );
}
