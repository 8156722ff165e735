import { findImageModel } from '../catalogue/catalogue.ts';
import { outputCount, stateOf } from './jobs.ts';
import type { World } from './world.ts';

/** The catalogue's price of a run. A run that is billed by time costs this price for each of its pictures. */
export function cataloguePrice(slug: string, body: Readonly<Record<string, unknown>>): bigint {
  const model = findImageModel(slug);
  const micros = model?.price.micros ?? 0n;
  // Rounded up, because a body that will fail its validation may ask for half a picture.
  return model?.price.per === 'GPU_SECOND' ? micros * BigInt(Math.ceil(outputCount(model, body))) : micros;
}

/** Charges every job that is complete by now, also jobs of other processes. Called before each use of the balance. */
export function settle(world: World): void {
  world.state.look();
  const { unsettled } = world.state;
  const now = world.now();
  const ended = [...unsettled].filter((job) => ['COMPLETED', 'FAILED'].includes(stateOf(job, now)));
  for (const job of ended) unsettled.delete(job);
  for (const job of ended) if (job.failure === null) world.state.charge(job);
}
