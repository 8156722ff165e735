import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../result.ts';
import { onCores, restCores } from './cores.ts';
import { type LoadOptions, type LoadResult, loadResult } from './load-options.ts';
import type { Target } from './questions.ts';

/** A server that is measured, with its process and its requests. */
export interface Contestant extends Target {
  readonly pid: number;
  readonly bodies: readonly string[];
}

/** The results of one server. */
interface Figures {
  /** Responses a second: the median of the rounds. */
  readonly perSecond: number;
  /** The share of a core that the server used; undefined when the system does not report it. */
  readonly busy: number | undefined;
  /** The greatest share of a core that the load generator used in a round. */
  readonly loadCpu: number;
}

/** Servers that were measured in turn. */
export interface Race {
  /** The rate of one server divided by the rate of the other, and a note with the figures. */
  ratio(one: Contestant, other: Contestant): { readonly value: number; readonly note: string };
}

const run = promisify(execFile);
const program = fileURLToPath(new URL('./load.ts', import.meta.url));
const connections = 16;

/** Loads one server for some seconds, from a process on the cores of Postgres. */
export async function loadOnce(contestant: Contestant, seconds: number): Promise<LoadResult> {
  const { url, authorization, bodies } = contestant;
  const options: LoadOptions = {
    url: `${url}/graphql`,
    authorization,
    bodies: [...bodies],
    connections,
    seconds,
  };
  const [file, args] = onCores(restCores, [process.execPath, program, JSON.stringify(options)]);
  const { stdout } = await run(file, args);
  return loadResult.parse(JSON.parse(stdout));
}

/**
 * Loads the servers in turn, a few seconds each, in several rounds. Each round begins with another server. All
 * servers are warmed up before, so that their code is compiled and their pages are in memory.
 */
export async function race(
  contestants: readonly Contestant[],
  { rounds = 5, seconds = 2, warmupSeconds = 2 } = {},
): Promise<Race> {
  for (const each of contestants) await loadOnce(each, warmupSeconds);
  const taken = contestants.map(() => ({
    perSecond: [] as number[],
    busy: [] as number[],
    loadCpu: [] as number[],
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const place = (round + turn) % contestants.length;
      const [contestant, figures] = [contestants[place], taken[place]];
      if (!contestant || !figures) continue;
      const before = await cpuSeconds(contestant.pid);
      const result = await loadOnce(contestant, seconds);
      figures.perSecond.push(result.requests / result.seconds);
      figures.loadCpu.push(result.cpuShare);
      figures.busy.push(((await cpuSeconds(contestant.pid)) - before) / result.seconds);
    }
  }
  const figuresOf = (contestant: Contestant): Figures => {
    const figures = taken[contestants.indexOf(contestant)];
    if (!figures) throw new Error(`${contestant.name} was not in this race`);
    const { perSecond, busy, loadCpu } = figures;
    return {
      perSecond: median(perSecond),
      busy: busy.some(Number.isNaN) ? undefined : median(busy),
      loadCpu: Math.max(...loadCpu),
    };
  };
  return {
    ratio(one, other) {
      const [ones, others] = [figuresOf(one), figuresOf(other)];
      return { value: ones.perSecond / others.perSecond, note: noteOf(ones, others) };
    },
  };
}

/** The CPU seconds of a process. Linux counts them in hundredths of a second. NaN on other systems. */
async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The figures of a ratio: `412 to 641 a second; 2.4 to 1.5 ms of CPU each; cores 98 % and 93 % busy, load 6 %`. */
function noteOf(ours: Figures, theirs: Figures): string {
  const rate = ({ perSecond }: Figures) => perSecond.toFixed(perSecond < 20 ? 1 : 0);
  const percent = (share: number | undefined) => (share === undefined ? '?' : `${Math.round(share * 100)} %`);
  const cpu = ({ busy, perSecond }: Figures) =>
    busy === undefined ? '?' : ((busy / perSecond) * 1_000).toFixed(2);
  const load = percent(Math.max(ours.loadCpu, theirs.loadCpu));
  return [
    `${rate(ours)} to ${rate(theirs)} a second`,
    `${cpu(ours)} to ${cpu(theirs)} ms of CPU each`,
    `cores ${percent(ours.busy)} and ${percent(theirs.busy)} busy, load ${load}`,
  ].join('; ');
}
