import { spawn } from 'node:child_process';
import { type CopiedTree, tool } from './copied-tree.ts';
import type { Mutation } from './places.ts';
import { byRelation, type TestFile } from './related-tests.ts';

/** No test file takes so long. */
const longestFileMs = 600_000;

/** What became of a mutation. */
export interface Verdict {
  readonly file: string;
  readonly mutation: Mutation;
  /** The test file that failed; null when none did. */
  readonly killedBy: string | null;
  readonly testsRun: number;
}

/**
 * Finds tests that notice mutations. A file counts only when it passes without the mutation: one that fails by itself, on a
 * busy machine for example, would kill everything.
 */
export function createHunt(
  tree: CopiedTree,
  tests: readonly TestFile[],
  { limitMs, signal }: { limitMs: number; signal: AbortSignal },
) {
  const sound = new Map<string, boolean>();

  /** Whether a test file passes. One that takes very long does not: a mutation may go round in circles. */
  function passes(file: string): Promise<boolean> {
    const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', file];
    const options = ['--selectProjects', 'compiled', '--maxWorkers', '1', '--silent'];
    // A group of its own, so that what it has started ends with it.
    const child = spawn(tool(tree.root, 'node'), [...jest, ...options], {
      cwd: tree.root,
      detached: true,
      stdio: 'ignore',
    });
    const end = () => void (child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'));
    const timer = setTimeout(end, longestFileMs);
    signal.addEventListener('abort', end);
    return new Promise((resolve) => {
      child.on('exit', (code) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve(code === 0);
      });
    });
  }

  async function hunt(file: string, mutation: Mutation): Promise<Verdict> {
    const endsAt = performance.now() + limitMs;
    const order = byRelation(file, await tree.read(file), tests);
    let restore = await tree.change(file, mutation);
    let testsRun = 0;
    try {
      for (const test of order) {
        if (performance.now() > endsAt || signal.aborted) break;
        if (sound.get(test) === false) continue;
        testsRun += 1;
        if (await passes(test)) continue;
        await restore();
        if (!sound.has(test)) sound.set(test, await passes(test));
        if (sound.get(test)) return { file, mutation, killedBy: test, testsRun };
        restore = await tree.change(file, mutation);
      }
      return { file, mutation, killedBy: null, testsRun };
    } finally {
      await restore();
    }
  }

  /** The test files that failed without a mutation too, and so noticed nothing. */
  const unsound = () => [...sound].filter(([, isSound]) => !isSound).map(([file]) => file);

  return { hunt, unsound };
}
