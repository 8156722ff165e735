import { execFile } from 'node:child_process';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../../src/errors.ts';
import type { Dramatis } from './dramatis.ts';

const run = promisify(execFile);

/** A way in which a folder stops taking pictures, made real, and its end. */
export interface StorageFault {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** A folder of pictures, on a small disk of its own where mounting is permitted. */
export interface StorageDisk {
  readonly folder: string;
  readonly isMounted: boolean;
  /** A disk without room, without inodes or without write access, a volume that is gone; at least the last. */
  readonly faults: Readonly<Record<'full' | 'inodes' | 'readOnly' | 'gone', StorageFault>>;
  close(): Promise<void>;
}

/** Puts the pictures of a test on a disk that can fail; called before its first server starts. */
export async function mountStorage(dramatis: Dramatis, sizeBytes = 24 * 1_048_576): Promise<StorageDisk> {
  const disk = await mountFolder(join(dramatis.environment.DATA_DIR ?? '', 'storage'), sizeBytes);
  dramatis.onStop(() => disk.close());
  return disk;
}

/** Makes a folder on a disk that can fail. */
export async function mountFolder(folder: string, sizeBytes: number, inodes = 2_000): Promise<StorageDisk> {
  await mkdir(folder, { recursive: true });
  const size = `size=${sizeBytes},nr_inodes=${inodes}`;
  const isMounted = await mount(['-t', 'tmpfs', '-o', size, 'none', folder]);
  // A file in the place of the folder stops the superuser as well.
  const gone = isMounted ? coveredBy(folder) : replacedByFile(folder);
  const unless = (fault: StorageFault) => (isMounted ? fault : { ...gone, name: `${fault.name} (replaced)` });
  return {
    folder,
    isMounted,
    faults: {
      full: unless(filled(folder)),
      inodes: unless(withoutInodes(folder)),
      readOnly: unless({
        name: 'read-only',
        begin: () => remount(folder, 'ro'),
        end: () => remount(folder, 'rw'),
      }),
      gone,
    },
    async close() {
      if (isMounted) await unmount(folder);
    },
  };
}

async function mount(args: readonly string[]): Promise<boolean> {
  return run('mount', args).then(
    () => true,
    () => false,
  );
}

async function unmount(folder: string): Promise<void> {
  await run('umount', ['--lazy', folder]);
}

async function remount(folder: string, mode: 'ro' | 'rw'): Promise<void> {
  // A file that is open for writing keeps a disk from becoming read-only.
  for (let tries = 0; ; tries += 1) {
    if (await mount(['-o', `remount,${mode}`, folder])) return;
    if (tries > 200) throw new Error(`The disk cannot be made ${mode}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Everything is taken, to the last byte. */
function filled(folder: string): StorageFault {
  const path = join(folder, 'ballast');
  return {
    name: 'full',
    async begin() {
      const file = await open(path, 'w');
      for (const size of [1_048_576, 4_096]) {
        const chunk = Buffer.alloc(size, 1);
        await untilFull(() => file.write(chunk));
      }
      await file.close();
    },
    end: () => rm(path),
  };
}

function withoutInodes(folder: string): StorageFault {
  const path = join(folder, 'many');
  return {
    name: 'out of inodes',
    async begin() {
      await mkdir(path);
      let count = 0;
      await untilFull(() => writeFile(join(path, String(count++)), ''));
    },
    end: () => rm(path, { recursive: true }),
  };
}

async function untilFull(write: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await write();
    } catch (error) {
      if (errorCode(error) === 'ENOSPC') return;
      throw error;
    }
  }
}

/** The volume is not mounted: its folder is empty. The volume, when mounted again, would hide files written there. */
function coveredBy(folder: string): StorageFault {
  return {
    name: 'not mounted',
    begin: async () => void (await mount(['-t', 'tmpfs', 'none', folder])),
    async end() {
      const strayed = await readdir(folder);
      await unmount(folder);
      if (strayed.length > 0) throw new Error(`Written into the place of the volume: ${strayed}`);
    },
  };
}

function replacedByFile(folder: string): StorageFault {
  return {
    name: 'replaced by a file',
    async begin() {
      await rename(folder, `${folder}-away`);
      await writeFile(folder, '');
    },
    async end() {
      await rm(folder);
      await rename(`${folder}-away`, folder);
    },
  };
}
