import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { builtEnvironment } from './built.ts';
import type { Dramatis } from './dramatis.ts';

/** A server in a process of its own, which can be killed. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything it has logged, as parsed lines. */
  readonly log: readonly Record<string, unknown>[];
  /** How often it has logged a message. */
  logged(message: string): number;
  /** Sends a signal to this very process. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves to its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Starts the built server on the parts of `dramatis`; it ends with them. It may have no more than `files` open. */
export async function startServerProcess(
  dramatis: Dramatis,
  environment: Record<string, string> = {},
  { files }: { files?: number } = {},
): Promise<ServerProcess> {
  const command = [process.execPath, '--enable-source-maps', 'dist/main.js'];
  const limited = ['sh', '-c', 'ulimit -n "$0" && exec "$@"', String(files)];
  const [program = '', ...parameters] = files === undefined ? command : [...limited, ...command];
  const child = spawn(program, parameters, {
    env: { ...builtEnvironment, ...dramatis.environment, LOG_LEVEL: 'info', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: Record<string, unknown>[] = [];
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  dramatis.onStop(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const url = await new Promise<string>((resolve, reject) => {
    exited.then((code) => reject(new Error(`The server ended with ${code}: ${errors}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      dramatis.secrets.said('log', line.startsWith('{') ? line : '');
      if (!line.startsWith('{')) return;
      const entry: Record<string, unknown> = JSON.parse(line);
      log.push(entry);
      if (entry.msg === 'listening' || entry.msg === 'working') resolve(String(entry.url ?? ''));
    });
  });
  exited.catch(() => undefined);
  const logged = (message: string) => log.filter(({ msg }) => msg === message).length;
  return { url, child, log, logged, exited, signal: (signal) => void child.kill(signal) };
}
