import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from './jobs.ts';

/** One charge. */
export interface BillLine {
  readonly requestId: string;
  readonly slug: string;
  readonly costMicros: bigint;
}

/** What the simulator remembers; kept in a folder where one is given, so that a restart finds its jobs again. */
export interface State {
  balanceMicros: bigint;
  /** Every job that was ever taken: the lists of past runs know them after they can no longer be polled. */
  readonly jobs: Map<string, Job>;
  /** Those that have neither been charged nor seen to fail. */
  readonly unsettled: Set<Job>;
  readonly bill: BillLine[];
  /** Remembers a new job. */
  take(job: Job): void;
  /** Writes it down. */
  save(): void;
  /** Keeps an uploaded picture; returns its name. */
  keepAsset(bytes: Buffer, extension: string): string;
  readAsset(name: string): Buffer | undefined;
}

interface Kept {
  balanceMicros: string;
  jobs: Job[];
}

/** Opens the memory. A file that cannot be read is an empty memory: this is a stand-in, not a bank. */
export function openState(directory: string | undefined, balanceMicros: bigint): State {
  const assets = new Map<string, Buffer>();
  const path = directory === undefined ? undefined : join(directory, 'jobs.json');
  if (directory !== undefined) mkdirSync(join(directory, 'assets'), { recursive: true });
  const kept = path === undefined ? null : readKept(path);
  // Jobs that were kept before prices were kept with them are free.
  const jobs = kept?.jobs.map((job) => ({ ...job, costMicros: job.costMicros ?? '0' })) ?? [];
  const state: State = {
    balanceMicros: kept ? BigInt(kept.balanceMicros) : balanceMicros,
    jobs: new Map(jobs.map((job) => [job.id, job])),
    unsettled: new Set(jobs.filter(({ isCharged }) => !isCharged)),
    bill: [],
    take(job) {
      state.jobs.set(job.id, job);
      state.unsettled.add(job);
      state.save();
    },
    save() {
      if (path === undefined) return;
      const text: Kept = { balanceMicros: String(state.balanceMicros), jobs: [...state.jobs.values()] };
      const temporary = `${path}.${randomUUID()}`;
      writeFileSync(temporary, JSON.stringify(text));
      renameSync(temporary, path);
    },
    keepAsset(bytes, extension) {
      const name = `${randomUUID()}.${extension}`;
      if (directory === undefined) assets.set(name, bytes);
      else writeFileSync(join(directory, 'assets', name), bytes);
      return name;
    },
    readAsset(name) {
      if (!/^[a-z0-9-]+\.[a-z]+$/.test(name)) return undefined;
      if (directory === undefined) return assets.get(name);
      try {
        return readFileSync(join(directory, 'assets', name));
      } catch {
        return undefined;
      }
    },
  };
  return state;
}

function readKept(path: string): Kept | null {
  try {
    const kept: Partial<Kept> = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(kept.jobs) && /^-?\d+$/.test(kept.balanceMicros ?? '') ? (kept as Kept) : null;
  } catch {
    return null;
  }
}
