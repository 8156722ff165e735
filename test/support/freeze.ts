import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The processes of a Postgres: the first, and all that it has forked. */
function processesOf(cluster: string): number[] {
  const first = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
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

/** Stops every process of an embedded Postgres in the middle of what it does; returns what lets them go on. */
export function freeze(directory: string): () => void {
  return freezeCluster(join(directory, 'cluster'));
}

/** The same for the folder of any Postgres' files. */
export function freezeCluster(cluster: string): () => void {
  const signal = (pids: number[], name: NodeJS.Signals) => {
    for (const pid of pids)
      try {
        process.kill(pid, name);
      } catch {
        // It has ended meanwhile.
      }
  };
  // The first one forks no more once it is stopped; then all others are known.
  signal(processesOf(cluster).slice(0, 1), 'SIGSTOP');
  const stopped = processesOf(cluster);
  signal(stopped, 'SIGSTOP');
  return () => signal(stopped, 'SIGCONT');
}
