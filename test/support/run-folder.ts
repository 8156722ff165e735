import { chmod, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../src/errors.ts';

const name = /^dramatis-test-(\d+)-/;

/** Where Linux keeps files in memory. */
const inMemory = '/dev/shm';

/** A whole run has held less than half of this. */
const neededBytes = 4 * 1024 ** 3;

/**
 * The folder for everything that a run of the tests writes. It is in memory where there is room: a cloned database is 550 small
 * files, and making them took a disk 0.35 seconds, which was a third of the processor time of the whole run. In memory it is
 * 0.02 seconds.
 */
export async function makeRunFolder(): Promise<string> {
  const parent = (await hasRoom()) ? inMemory : tmpdir();
  await removeOfEndedRuns(parent);
  const folder = await mkdtemp(join(parent, `dramatis-test-${process.pid}-`));
  // Postgres runs as another user when the tests run as root.
  await chmod(folder, 0o755);
  return folder;
}

async function hasRoom(): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(inMemory);
    return bavail * bsize >= neededBytes;
  } catch {
    return false;
  }
}

/** A run that was killed has left its files, which would fill the memory one day. */
async function removeOfEndedRuns(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    const pid = Number(name.exec(entry)?.[1]);
    if (pid && !isRunning(pid)) await rm(join(parent, entry), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
