import { findImageModel } from '../../src/catalogue/catalogue.ts';
import { type Job, promptOf, stateOf } from '../../src/simulator/jobs.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';

/** The jobs that the provider has taken whose prompts hold a word, oldest first. */
export function jobsOf({ jobs }: Simulator, word: string): Job[] {
  return [...jobs.values()].filter((job) => {
    const model = findImageModel(job.slug);
    return model && promptOf(model, job.body).includes(word);
  });
}

/** How many of them the provider is working on now. */
export function inFlight(simulator: Simulator, word: string): number {
  const now = Date.now();
  return jobsOf(simulator, word).filter((job) => /QUEUED|PROCESSING/.test(stateOf(job, now))).length;
}

/** How many of some jobs the provider was working on when it took this one, itself included. */
export function companyOf(job: Job, jobs: readonly Job[]): number {
  const at = job.acceptedAt;
  return jobs.filter((other) => other.acceptedAt <= at && at < other.acceptedAt + other.durationMs).length;
}
