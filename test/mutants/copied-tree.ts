import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Mutation } from './places.ts';

const run = promisify(execFile);
/** Made by `npm run generate`, and not in the repository. */
const generated = ['src/platform/db/generated', 'src/platform/reads/generated'];

/** A copy of a checkout that may be changed. */
export interface CopiedTree {
  readonly root: string;
  /** Its files, from `root` on. */
  readonly files: readonly string[];
  read(file: string): Promise<string>;
  /** Changes one file, and what is built of it. Resolves to what undoes that. */
  change(file: string, mutation: Mutation): Promise<() => Promise<void>>;
  remove(): Promise<void>;
}

/**
 * Copies what is in the repository of a checkout, as it stands, into a folder of its own, and builds it there. The packages
 * are the checkout's own, by a link; tests read them only.
 */
export async function copyTree(checkout: string): Promise<CopiedTree> {
  const listed = await run('git', ['ls-files', '-co', '--exclude-standard', '--deduplicate'], {
    cwd: checkout,
  });
  const files = listed.stdout.trim().split('\n');
  const root = await mkdtemp(join(tmpdir(), 'dramatis-mutants-'));
  for (const file of [...files, ...generated])
    await cp(join(checkout, file), join(root, file), { recursive: true }).catch(passOverMissing);
  await symlink(join(checkout, 'node_modules'), join(root, 'node_modules'));
  const build = () =>
    run(tool(root, 'tsc'), ['--project', 'tsconfig.build.json', '--noCheck'], { cwd: root });
  await build();
  await run(process.execPath, ['dist/server/explorer/bundle.js'], { cwd: root });
  return {
    root,
    files,
    read: (file) => readFile(join(root, file), 'utf8'),
    async change(file, { start, end, becomes }) {
      const path = join(root, file);
      const bytes = await readFile(path);
      await writeFile(
        path,
        Buffer.concat([bytes.subarray(0, start), Buffer.from(becomes), bytes.subarray(end)]),
      );
      await build();
      return async () => {
        await writeFile(path, bytes);
        await build();
      };
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** A program of a package. */
export function tool(root: string, name: string): string {
  return join(root, 'node_modules', '.bin', name);
}

/** A file that was deleted, and whose deletion is not committed, is still listed. */
function passOverMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
