import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddedDatabase, startEmbeddedPostgres } from '../../src/platform/db/embedded-postgres.ts';
import { restCores, stayOn } from '../support/cores.ts';

/** Starts an empty Postgres on other cores than the measured server. */
export async function startMoneyPostgres(
  directory: string,
): Promise<EmbeddedDatabase & { readonly postmaster: number }> {
  const flags = ['-c', 'shared_buffers=1GB', '-c', 'max_wal_size=4GB'];
  const postgres = await startEmbeddedPostgres({ directory, flags, log: () => undefined });
  const [pid] = readFileSync(join(directory, 'cluster', 'postmaster.pid'), 'utf8').split('\n');
  const postmaster = Number(pid);
  stayOn(postmaster, restCores);
  return { ...postgres, postmaster };
}

/** Linux counts CPU time in hundredths of a second. */
const ticksPerSecond = 100;

/** The CPU seconds that all processes of a cluster have used so far, also those that have ended. */
export function clusterCpuSeconds(postmaster: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(name);
    const [own, ofEnded] = [Number(fields[11]) + Number(fields[12]), Number(fields[13]) + Number(fields[14])];
    if (Number(name) === postmaster) ticks += own + ofEnded;
    else if (Number(fields[1]) === postmaster) ticks += own;
  }
  return ticks / ticksPerSecond;
}

/** The fields of a process after its name; none when the process has ended. */
function statOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    return [];
  }
}
