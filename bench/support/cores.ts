import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const taskset = ['/usr/bin/taskset', '/bin/taskset'].find(existsSync);
const cores = availableParallelism();
const canPin = taskset !== undefined && cores > 1;

/** The core of the server that is measured, and those of everything else; as `taskset -c` takes them. */
export const serverCore = String(cores - 1);
export const restCores = cores > 2 ? `0-${cores - 2}` : '0';

/** How it is told in the results. */
export const pinning = canPin
  ? `each server alone on core ${serverCore}, Postgres and the load on ${restCores}`
  : 'nothing is pinned to a core: ratios are less steady';

/** A command that keeps to some cores, where that can be asked for. */
export function onCores(which: string, command: readonly string[]): [file: string, args: string[]] {
  const [file = '', ...args] = canPin ? [taskset, '-c', which, ...command] : command;
  return [file, args];
}

/** Moves a running process to some cores; what it starts from now on goes with it. */
export function stayOn(pid: number, which: string): void {
  if (canPin) execFileSync(taskset, ['-a', '-c', '-p', which, String(pid)], { stdio: 'ignore' });
}
