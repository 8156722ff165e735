import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from './jobs.ts';

/** One charge. */
export interface BillLine {
  readonly requestId: string;
  readonly slug: string;
  readonly costMicros: bigint;
}

/**
 * What the simulator remembers; kept in a folder where one is given, so that a restart finds its jobs again, and so do the
 * simulators of other processes on the same folder.
 */
export interface State {
  /** What it began with, less what every charged job costs. */
  readonly balanceMicros: bigint;
  /** Every job that was ever taken: the lists of past runs know them after they can no longer be polled. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** Those that have neither been charged nor seen to fail. */
  readonly unsettled: Set<Job>;
  readonly bill: BillLine[];
  /** Remembers a new job. */
  keep(job: Job): void;
  /** Takes a job's price, once. */
  charge(job: Job): void;
  /** The job, also when the simulator of another process has taken it. */
  find(id: string): Job | undefined;
  /** Learns of the jobs that simulators of other processes have taken. */
  look(): void;
  /** Keeps an uploaded picture; returns its name. */
  keepAsset(bytes: Buffer, extension: string): string;
  readAsset(name: string): Buffer | undefined;
}

/** Opens the memory. A file that cannot be read is no job: this is a stand-in, not a bank. */
export function openState(directory: string | undefined, initialMicros: bigint): State {
  return directory === undefined ? new Memory(initialMicros) : new Folder(directory, initialMicros);
}

/** For as long as the process lives. */
class Memory implements State {
  readonly jobs = new Map<string, Job>();
  readonly unsettled = new Set<Job>();
  readonly bill: BillLine[] = [];
  readonly #assets = new Map<string, Buffer>();
  #balanceMicros: bigint;

  constructor(initialMicros: bigint) {
    this.#balanceMicros = initialMicros;
  }

  get balanceMicros(): bigint {
    return this.#balanceMicros;
  }

  keep(job: Job): void {
    this.jobs.set(job.id, job);
    if (job.isCharged) this.#balanceMicros -= BigInt(job.costMicros);
    else this.unsettled.add(job);
  }

  charge(job: Job): void {
    if (job.isCharged) return;
    const costMicros = BigInt(job.costMicros);
    job.isCharged = true;
    this.#balanceMicros -= costMicros;
    this.bill.push({ requestId: job.id, slug: job.slug, costMicros });
    this.unsettled.delete(job);
  }

  find(id: string): Job | undefined {
    return this.jobs.get(id);
  }

  look(): void {
    // There is nothing to learn: no other process has this memory.
  }

  keepAsset(bytes: Buffer, extension: string): string {
    const name = `${randomUUID()}.${extension}`;
    this.#assets.set(name, bytes);
    return name;
  }

  readAsset(name: string): Buffer | undefined {
    return this.#assets.get(name);
  }
}

/** One file for each job and each upload. */
class Folder extends Memory {
  readonly #jobs: string;
  readonly #assets: string;

  constructor(directory: string, initialMicros: bigint) {
    super(initialMicros);
    this.#jobs = join(directory, 'jobs');
    this.#assets = join(directory, 'assets');
    this.#makeFolders();
    this.#adoptOneFile(join(directory, 'jobs.json'));
    this.look();
  }

  #makeFolders(): void {
    for (const folder of [this.#jobs, this.#assets]) mkdirSync(folder, { recursive: true });
  }

  override keep(job: Job): void {
    super.keep(job);
    this.#write(job);
  }

  override charge(job: Job): void {
    super.charge(job);
    this.#write(job);
  }

  #write(job: Job): void {
    // Somebody may have removed them.
    this.#makeFolders();
    const temporary = join(this.#jobs, `${randomUUID()}.tmp`);
    writeFileSync(temporary, JSON.stringify(job));
    renameSync(temporary, join(this.#jobs, `${job.id}.json`));
  }

  override find(id: string): Job | undefined {
    if (!this.jobs.has(id)) this.look();
    return super.find(id);
  }

  override look(): void {
    this.#makeFolders();
    const unknown = readdirSync(this.#jobs).filter(
      (name) => name.endsWith('.json') && !this.jobs.has(name.slice(0, -5)),
    );
    const jobs = unknown.flatMap((name) => this.#read(name) ?? []);
    for (const job of jobs.toSorted((one, other) => one.acceptedAt - other.acceptedAt)) super.keep(job);
  }

  #read(name: string): Job | undefined {
    try {
      return JSON.parse(readFileSync(join(this.#jobs, name), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Older versions kept all jobs in one file. Jobs that were kept before prices were kept with them are free. */
  #adoptOneFile(path: string): void {
    try {
      const { jobs }: { jobs: Job[] } = JSON.parse(readFileSync(path, 'utf8'));
      for (const job of jobs) this.keep({ ...job, costMicros: job.costMicros ?? '0' });
      rmSync(path);
    } catch {
      // There is none, or it cannot be read.
    }
  }

  override keepAsset(bytes: Buffer, extension: string): string {
    this.#makeFolders();
    const name = `${randomUUID()}.${extension}`;
    writeFileSync(join(this.#assets, name), bytes);
    return name;
  }

  override readAsset(name: string): Buffer | undefined {
    if (!/^[a-z0-9-]+\.[a-z]+$/.test(name)) return undefined;
    try {
      return readFileSync(join(this.#assets, name));
    } catch {
      return undefined;
    }
  }
}
