import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** A process whose heap can be measured. */
export interface HeapProcess {
  readonly port: number;
  /** The bytes of the heap that are in use, after garbage was collected. */
  heapBytes(): Promise<number>;
  stop(): Promise<void>;
}

const reported = z.object({ heapBytes: z.number() });

/** Starts a program that logs or prints its port when it listens. */
export async function startHeapProcess(
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<HeapProcess> {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--expose-gc', '--import', './bench/support/report-heap.ts', script],
    { env: { PATH: process.env.PATH, ...environment }, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  const endWithUs = () => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const exited = once(child, 'exit').finally(() => process.off('exit', endWithUs));
  const port = await new Promise<number>((resolve, reject) => {
    void exited.then(([code]) => reject(new Error(`${script} ended with ${code}.`)));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, found] = /^(\d+)$|"url":"http[^"]*:(\d+)"/.exec(line)?.filter(Boolean) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return {
    port,
    async heapBytes() {
      const answer = once(child, 'message');
      child.send('heap');
      const [message] = await answer;
      return reported.parse(message).heapBytes;
    },
    async stop() {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(patience);
    },
  };
}
