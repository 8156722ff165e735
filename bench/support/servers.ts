import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build, stop as stopBuilding } from 'esbuild';
import { z } from 'zod';
import { onCores, serverCore } from './cores.ts';

/** A server in a separate process. */
export interface BenchServer {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const listening = z.object({ msg: z.literal('listening'), url: z.string() });
/** The option with which the measured servers write a CPU profile when they end, for the tools of Chrome. */
export const profileFlag = '--profile';
const profiling = process.argv.includes(profileFlag)
  ? ['--cpu-prof', '--cpu-prof-dir=bench/.data/profiles']
  : [];
const startsWithinMs = 30_000;

/**
 * Starts the shipped server with its default configuration, except query points that sixteen connections cannot use
 * up. The server draws a fiftieth of the burst at a time. That is one draw for some thirty library queries; with the
 * default burst it is one draw for each query.
 */
export async function startDramatis(
  databaseUrl: string,
  options: { name?: string; dataDirectory: string; environment?: Record<string, string> },
): Promise<BenchServer> {
  const { name = 'Dramatis', dataDirectory, environment = {} } = options;
  await mkdir(dataDirectory, { recursive: true });
  return startServer(name, [...profiling, 'dist/main.js'], {
    PORT: '0',
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDirectory,
    ADMIN_API_KEY: randomBytes(24).toString('hex'),
    COST_PER_SECOND: '1000000',
    COST_BURST: '1000000',
    ...environment,
  });
}

/** The programs that Dramatis is compared with. The one with Prisma has decorators, so it is built first. */
export const rivals = ['limit', 'mercurius', 'prisma'] as const;
/** These, and bare Apollo on Fastify, which answers only `{ viewer { kind } }`. */
export type Rival = (typeof rivals)[number] | 'bare';

/** Starts a rival on a database. `publicUrl` begins the addresses that it gives out. */
export async function startRival(rival: Rival, databaseUrl: string, publicUrl = ''): Promise<BenchServer> {
  const environment = { DATABASE_URL: databaseUrl, NODE_ENV: 'production', PUBLIC_URL: publicUrl };
  if (rival !== 'prisma') return startServer(rival, [`bench/rivals/${rival}.ts`], environment);
  const built = 'node_modules/.cache/dramatis-bench/prisma.mjs';
  await build({
    absWorkingDir: root,
    entryPoints: ['bench/rivals/prisma.ts'],
    outfile: built,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2023',
    logLevel: 'error',
  });
  await stopBuilding();
  return startServer(rival, [built], environment);
}

async function startServer(
  name: string,
  script: readonly string[],
  environment: Record<string, string>,
): Promise<BenchServer> {
  const [file, args] = onCores(serverCore, [process.execPath, ...script]);
  const child = spawn(file, args, {
    cwd: root,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  // The server is killed when this process exits early, because otherwise it would stay and use a core.
  const endWithUs = () => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.on('exit', () => process.off('exit', endWithUs));
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await exited;
    clearTimeout(timer);
  };
  try {
    return { name, url: await listeningUrl(name, child), pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until the server prints that it listens, and resolves to its URL. */
function listeningUrl(name: string, child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let errorOutput = '';
    const fail = (why: string) => reject(new Error(`${name} ${why}: ${errorOutput.slice(-2_000)}`));
    const timer = setTimeout(() => fail('did not start in time'), startsWithinMs);
    child.on('error', reject);
    child.on('exit', (code) => fail(`ended with ${code}`));
    child.stderr?.on('data', (text) => {
      errorOutput = (errorOutput + text).slice(-2_000);
    });
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const parsed = line.startsWith('{') ? listening.safeParse(JSON.parse(line)) : undefined;
      if (!parsed?.success) return;
      clearTimeout(timer);
      resolve(parsed.data.url);
    });
  });
}
