import { cpuSeconds } from '../processes.ts';
import { median } from '../result.ts';

/** Work of one kind that one process does, measured by the CPU that the process uses. */
export interface Work {
  /** The process, with all its threads. */
  readonly pid: number;
  /** How often the work is done in a round: long enough that a hundredth of a second does not matter. */
  readonly times: number;
  /** How many are done at the same time. */
  readonly atOnce: number;
  once(): Promise<unknown>;
  /** What a round needs before it is measured. */
  prepare?(): Promise<void>;
}

/** The CPU of several kinds of work, measured in turn. */
export interface CpuRace {
  /** The CPU of one kind divided by the CPU of the other, and a note with the figures. */
  ratio(one: Work, other: Work): { readonly value: number; readonly note: string };
}

/**
 * Measures the CPU of each kind of work in alternating rounds, after one round that does not count. CPU is steadier
 * than time on a machine that has other work, and the requests of the load do not count.
 */
export async function cpuRace(works: readonly Work[], rounds = 5): Promise<CpuRace> {
  const taken = new Map(works.map((work) => [work, [] as number[]]));
  for (const work of works) await spend(work);
  for (let round = 0; round < rounds; round += 1)
    for (let turn = 0; turn < works.length; turn += 1) {
      const work = works[(round + turn) % works.length];
      if (work) taken.get(work)?.push(await spend(work));
    }
  return {
    ratio(one, other) {
      const [ours, theirs] = [median(taken.get(one) ?? []), median(taken.get(other) ?? [])];
      const note = `${ours.toPrecision(2)} to ${theirs.toPrecision(2)} ms of CPU each, medians of ${rounds} rounds in turn`;
      return { value: ours / theirs, note };
    },
  };
}

/** Does the work of one round. Resolves to the milliseconds of CPU for each piece of it. */
async function spend({ pid, times, atOnce, once, prepare }: Work): Promise<number> {
  await prepare?.();
  let left = times;
  const one = async () => {
    while (left-- > 0) await once();
  };
  const before = cpuSeconds(pid);
  await Promise.all(Array.from({ length: atOnce }, one));
  return ((cpuSeconds(pid) - before) / times) * 1_000;
}
