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
 * The state of the simulator. It is stored in a folder when one is given. Then a restart finds the jobs again, and the
 * simulators of other processes on the same folder find them too.
 */
export interface State {
  /** The initial balance minus the costs of all charged jobs. */
  readonly balanceMicros: bigint;
  /** All jobs that were ever accepted. The lists of past runs need them after they can no longer be polled. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** The jobs that are not charged and not known to have failed. */
  readonly unsettled: Set<Job>;
  readonly bill: BillLine[];
  /** Stores a new job. */
  keep(job: Job): void;
  /** Charges a job, once. */
  charge(job: Job): void;
  /** The job with an id, also when the simulator of another process has accepted it. */
  find(id: string): Job | undefined;
  /** Reads the jobs that simulators of other processes have accepted. */
  look(): void;
  /** Stores an uploaded picture and returns its name. */
  keepAsset(bytes: Buffer, extension: string): string;
  readAsset(name: string): Buffer | undefined;
}

/** Opens the state. A file that cannot be read is ignored, because this is only a simulator. */
export function openState(directory: string | undefined, initialMicros: bigint): State {
  return directory === undefined ? new Memory(initialMicros) : new Folder(directory, initialMicros);
}

/** A state in memory, which ends with the process. */
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
    // Nothing to read, because no other process shares this memory.
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

/** A state in a folder, with one file for each job and each upload. */
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
    // The folders may have been removed.
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

  /** Older versions stored all jobs in one file. Jobs from before prices were stored are free. */
  #adoptOneFile(path: string): void {
    try {
      const { jobs }: { jobs: Job[] } = JSON.parse(readFileSync(path, 'utf8'));
      for (const job of jobs) this.keep({ ...job, costMicros: job.costMicros ?? '0' });
      rmSync(path);
    } catch {
      // There is no such file, or it cannot be read.
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
