import type { KeyObject } from 'node:crypto';
import type { Logger } from '../logger.ts';
import type { Config } from '../settings/config.ts';
import type { Viewer } from './auth/viewer.ts';
import type { Database } from './db/connect.ts';
import type { Bounds, Turns } from './db/turns.ts';
import type { EventFeed } from './events/event-feed.ts';
import type { JobQueue } from './jobs/job-queue.ts';
import type { BytesInFlight } from './limits/bytes-in-flight.ts';
import type { Outbound } from './outbound/fetch-picture-url.ts';
import type { Loaders } from './reads/loaders.ts';
import type { Reader } from './reads/reader.ts';
import type { Keyring } from './secrets/keyring.ts';
import type { Pace } from './segmind/pace.ts';
import type { Segmind } from './segmind/segmind.ts';
import type { IntentNotes } from './storage/intent-notes.ts';
import type { Storage } from './storage/storage.ts';

/** Wall-clock time for what never decides anything that lasts: those decisions use the database's time. */
export interface Clock {
  now(): Date;
}

/** Chance, so that tests can hold it still. */
export interface Randomness {
  uuid(): string;
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number;
}

/** Every tool a use case may ask for. One per process, but for `viewer` and `loaders`: one per request. */
export interface Context {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Randomness;
  readonly db: Database;
  /** Reads for lists, on connections of their own. */
  readonly reader: Reader;
  /** Turns at what one row's lock would serialize anyway. */
  readonly turns: Turns;
  readonly jobs: JobQueue;
  readonly events: EventFeed;
  /** Aborts when this process begins to stop: what waits is answered. */
  readonly stopping: AbortSignal;
  readonly storage: Storage;
  readonly outbound: Outbound;
  /** What clients have sent, or have had fetched, and what is not done with. */
  readonly bytes: BytesInFlight;
  /** How many pictures of clients are decoded at a time; its keys are viewers. */
  readonly decoding: Bounds;
  /** The provider, on the server's own account; `withKey` leads to others. */
  readonly segmind: Segmind;
  /** The server's own account, also where `segmind` is on another. */
  readonly serverAccount: string;
  /** How fast runs are submitted with an account. */
  readonly pace: (account: string) => Pace;
  /** Intents to submit, kept outside of the database as well. */
  readonly intentNotes: IntentNotes;
  readonly keyring: Keyring;
  /** Signs image URLs; the same in every process on one database. */
  readonly imageSecret: KeyObject;
  /** Where clients reach this server. */
  readonly publicUrl: string;
  readonly viewer: Viewer;
  readonly loaders: Loaders;
}

/** What a use case takes: `createThing(ctx: Uses<'db' | 'viewer'>, input)`. */
export type Uses<K extends keyof Context> = Pick<Context, K>;

/** What a task has: no viewer, since permission was asked when the work was requested, and nothing that clients send. */
export type TaskContext = Omit<Context, 'viewer' | 'loaders' | 'publicUrl' | 'bytes' | 'decoding'>;
