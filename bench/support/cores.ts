import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const taskset = ['/usr/bin/taskset', '/bin/taskset'].find(existsSync);
const cores = availableParallelism();
const canPin = taskset !== undefined && cores > 1;

/** The core of the measured server, and the cores of everything else, in the syntax of `taskset -c`. */
export const serverCore = String(cores - 1);
export const restCores = cores > 2 ? `0-${cores - 2}` : '0';

/** How the results describe the pinning. */
export const pinning = canPin
  ? `each server alone on core ${serverCore}, Postgres and the load on ${restCores}`
  : 'nothing is pinned to a core: ratios are less steady';

/** A command that runs only on some cores, if the machine can pin processes. */
export function onCores(which: string, command: readonly string[]): [file: string, args: string[]] {
  const [file = '', ...args] = canPin ? [taskset, '-c', which, ...command] : command;
  return [file, args];
}

/** Moves a running process, and the processes that it starts from now on, to some cores. */
export function stayOn(pid: number, which: string): void {
  if (canPin) execFileSync(taskset, ['-a', '-c', '-p', which, String(pid)], { stdio: 'ignore' });
}
