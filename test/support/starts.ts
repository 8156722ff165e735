import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll } from '@jest/globals';
import { builtEnvironment } from './built.ts';

/** How a start is interrupted: the process alone, or all of its group as a terminal does. */
export interface Interruption {
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  readonly isForGroup: boolean;
}

/** A server that starts in a process group of its own. */
export interface Start {
  readonly child: ChildProcess;
  /** Its log, as parsed lines. */
  readonly log: readonly Record<string, unknown>[];
  /** What it said on stderr. */
  said(): string;
  /** Resolves to its address when all is started; rejects with what it said when it ends before. */
  readonly listening: Promise<string>;
  /** Resolves to its exit code, or to the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  interrupt(interruption: Interruption): void;
}

/** The admin key of a server that is given none. */
export const adminKey = 'test_admin_key_0123456789';

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts the built server; it ends with the test file, whatever fails there. */
export function startServer(environment: Record<string, string>): Start {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    env: { ...builtEnvironment, PORT: '0', ADMIN_API_KEY: adminKey, LOG_LEVEL: 'info', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  child.on('close', () => running.delete(child));
  const log: Record<string, unknown>[] = [];
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal)),
  );
  const listening = new Promise<string>((resolve, reject) => {
    exited.then((end) => reject(new Error(`The server ended with ${end}: ${said}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      const entry: Record<string, unknown> = JSON.parse(line);
      log.push(entry);
      if (entry.msg === 'listening' || entry.msg === 'working') resolve(String(entry.url));
    });
  });
  listening.catch(() => undefined);
  return {
    child,
    log,
    said: () => said,
    listening,
    exited,
    interrupt({ signal, isForGroup }) {
      const { pid } = child;
      if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      process.kill(isForGroup ? -pid : pid, signal);
    },
  };
}
