import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The processes of an embedded Postgres: the first, and all that it has forked. */
function processesOf(directory: string): number[] {
  const first = Number(readFileSync(join(directory, 'cluster/postmaster.pid'), 'utf8').split('\n')[0]);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => parentOf(pid) === first)
    .map(Number);
  return [first, ...children];
}

function parentOf(pid: string): number {
  try {
    // The name, in parentheses, may hold spaces.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return 0;
  }
}

/** Stops every process of a Postgres in the middle of what it does; returns what lets them go on. */
export function freeze(directory: string): () => void {
  const signal = (pids: number[], name: NodeJS.Signals) => {
    for (const pid of pids)
      try {
        process.kill(pid, name);
      } catch {
        // It has ended meanwhile.
      }
  };
  // The first one forks no more once it is stopped; then all others are known.
  signal(processesOf(directory).slice(0, 1), 'SIGSTOP');
  const stopped = processesOf(directory);
  signal(stopped, 'SIGSTOP');
  return () => signal(stopped, 'SIGCONT');
}
