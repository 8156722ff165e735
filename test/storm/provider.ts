import { findImageModel } from '../../src/catalogue/catalogue.ts';
import { type Job, promptOf } from '../../src/simulator/jobs.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { Chance } from './chance.ts';
import { keyOf } from './clients.ts';

/** A submit as it reached the provider. */
export interface Submit {
  readonly key: string;
  /** The life of the server that sent it. */
  readonly life: number;
  readonly at: number;
}

/** The provider in bad weather, and what it knows. */
export interface Provider {
  readonly simulator: Simulator;
  readonly submits: readonly Submit[];
  /** Jobs by the key of the request they were submitted for. */
  jobs(): Map<string, Job[]>;
  /** What each job was charged, charge by charge. */
  bill(): Map<string, bigint[]>;
}

/** Starts it; everything it does by chance comes from `chance`. */
export async function startProvider(chance: Chance, speed: number): Promise<Provider> {
  const simulator = await startSimulator({
    speed,
    chance,
    balanceMicros: 10_000_000_000n,
    hasHistory: false,
    faults: [
      { name: '429', rate: 0.05, arg: '0.5' },
      { name: 'poll-502', rate: 0.1 },
      { name: 'accept-then-504', rate: 0.02 },
      { name: 'accept-then-reset', rate: 0.01 },
    ],
  });
  const submits: Submit[] = [];
  simulator.onRequest = ({ method, path, headers, body, at }) => {
    if (method !== 'POST' || !/^\/v[12]\//.test(path)) return;
    const key = keyOf(body.toString());
    if (key !== null) submits.push({ key, life: Number(headers['x-server']), at });
  };
  const keyed = () =>
    [...simulator.jobs.values()].flatMap((job) => {
      const model = findImageModel(job.slug);
      const key = model && keyOf(promptOf(model, job.body));
      return key ? [{ key, job }] : [];
    });
  return {
    simulator,
    submits,
    jobs: () => grouped(keyed().map(({ key, job }) => [key, job])),
    bill: () => grouped(simulator.bill.map(({ requestId, costMicros }) => [requestId, costMicros])),
  };
}

function grouped<Value>(entries: readonly (readonly [string, Value])[]): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const [key, value] of entries) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}
