import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const size = '1g';

/** The disk of a folder. */
export interface Disk {
  /** Takes all its room. Resolves to whether it could. */
  fill(): Promise<boolean>;
  /** Gives the room back. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** Mounts a disk of its own at a folder. Without the right to mount the folder is made, and is never full. */
export async function mountDisk(folder: string): Promise<Disk> {
  await mkdir(folder, { recursive: true });
  const isMounted = await mount(['-t', 'tmpfs', '-o', `size=${size}`, 'none', folder]);
  const resize = (to: number | string) => mount(['-o', `remount,size=${to}`, folder]);
  return {
    async fill() {
      // A file that is written meanwhile needs more than what was in use, and the mount is refused.
      for (let tries = 0; isMounted && tries < 100; tries += 1) {
        const { blocks, bfree, bsize } = await statfs(folder);
        // No room at all would mean no limit.
        if (await resize(Math.max(blocks - bfree, 1) * bsize)) return true;
      }
      return false;
    },
    async empty() {
      if (isMounted && !(await resize(size))) throw new Error('The disk did not get its room back.');
    },
    async close() {
      if (isMounted) await run('umount', ['--lazy', folder]);
    },
  };
}

function mount(args: readonly string[]): Promise<boolean> {
  return run('mount', args).then(
    () => true,
    () => false,
  );
}
