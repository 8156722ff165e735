import { formatDollars } from '../money.ts';
import type { Run } from './api-client.ts';

/** Statuses that no longer change. */
const resting = ['COMPLETED', 'FAILED', 'CANCELED', 'UNCERTAIN'];
const barWidth = 28;
const redrawMs = 120;

interface Line {
  readonly title: string;
  readonly expectedSeconds: number;
  readonly startedAt: number;
  run: Run | undefined;
  endedAt: number | undefined;
}

/** How full a bar is, from 0 to 1: 0.9 after the expected time, at most 0.97 before the end, and 1 at the end. */
export function fullness(elapsedSeconds: number, expectedSeconds: number, status: string): number {
  if (resting.includes(status)) return 1;
  if (status === 'STORING') return 0.97;
  return Math.min(0.9 * (elapsedSeconds / Math.max(expectedSeconds, 0.1)), 0.97);
}

/** Shows one bar for each run, redrawn in place on a terminal. Other outputs get one line for each change. */
export class Progress {
  readonly #lines: Line[] = [];
  readonly #out: NodeJS.WriteStream;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    if (out.isTTY) this.#timer = setInterval(() => this.#draw(), redrawMs);
  }

  /** Adds a bar and returns the function that updates it. */
  add(title: string, expectedSeconds: number): (run: Run) => void {
    const line: Line = {
      title,
      expectedSeconds,
      startedAt: performance.now(),
      run: undefined,
      endedAt: undefined,
    };
    this.#lines.push(line);
    return (run) => {
      line.run = run;
      if (resting.includes(run.status)) line.endedAt ??= performance.now();
      if (!this.#out.isTTY) this.#out.write(`${this.#text(line)}\n`);
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#out.isTTY) this.#draw();
  }

  #draw(): void {
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A`);
    for (const line of this.#lines) this.#out.write(`\x1b[2K${this.#text(line)}\n`);
    this.#drawn = this.#lines.length;
  }

  #text({ title, expectedSeconds, startedAt, run, endedAt }: Line): string {
    const seconds = ((endedAt ?? performance.now()) - startedAt) / 1_000;
    const filled = Math.round(fullness(seconds, expectedSeconds, run?.status ?? '') * barWidth);
    const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
    const cost = run?.costMicros == null ? '' : `  ${formatDollars(run.costMicros)}`;
    return `  ${title.padEnd(36)} ${bar} ${(run?.status ?? 'ASKED').padEnd(11)} ${seconds.toFixed(1).padStart(5)} s${cost}`;
  }
}
