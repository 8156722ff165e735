import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A process that a bench has started. */
export interface Started {
  readonly pid: number;
  /** The result of `isReady` for the line that showed that the process was ready. */
  readonly ready: string;
  stop(): Promise<void>;
}

/** Starts node with arguments and, if given, its whole input. Resolves when `isReady` accepts a line of its output. */
export async function startNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  isReady: (line: string) => string | undefined,
  input?: string,
): Promise<Started> {
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const { pid, stdout } = child;
  if (input !== undefined) child.stdin?.end(input);
  if (pid === undefined || stdout === null) throw new Error('The process could not be started.');
  const ready = await new Promise<string>((resolve, reject) => {
    void exited.then(([code]) => reject(new Error(`${args.join(' ')} ended with ${code}.`)));
    createInterface({ input: stdout }).on('line', (line) => {
      const found = isReady(line);
      if (found !== undefined) resolve(found);
    });
  });
  return {
    pid,
    ready,
    async stop() {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(patience);
    },
  };
}

/** Linux counts CPU time in hundredths of a second. */
const ticksPerSecond = 100;

/** The CPU seconds that a process has used so far, in user space and in the kernel. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The current resident memory of a process, in megabytes. */
export function residentMegabytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}
