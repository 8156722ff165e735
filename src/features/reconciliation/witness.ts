import type { Segmind } from '../../platform/segmind/segmind.ts';

/** A run that the provider may have taken and charged, as witnesses look at it. */
export interface UncertainRun {
  readonly id: string;
  readonly projectId: string;
  readonly model: string;
  readonly seed: bigint;
  /** By the provider's names, image parameters apart. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The pictures it was given, as text to compare. */
  readonly references: string;
  readonly holdMicros: bigint;
  readonly priceMicros: bigint | null;
  /** The attempt that nobody knows the end of; null in the copy of a database, where there may have been any. */
  readonly attemptToken: string | null;
  /** It may have been handed over from here … */
  readonly since: Date;
  /** … to here. */
  readonly attemptedAt: Date;
  /** The worker that handed it over may still bring the answer. */
  readonly mayBeAnswered: boolean;
  /** How long ago that is, by the database's clock. */
  readonly ageMs: number;
}

/** What a witness knows of a run. */
export type Finding =
  /** The provider was paid for it; `requestId` where its pictures may still be had. */
  | { readonly kind: 'CHARGED'; readonly costMicros: bigint | null; readonly requestId: string | null }
  /** The provider has it, and it has not ended. */
  | { readonly kind: 'TAKEN'; readonly requestId: string }
  | { readonly kind: 'NOT_CHARGED' };

/** Somebody who may know what became of uncertain runs. A run of which there is no finding stays as it is. */
export interface Witness {
  /** What a cost is marked with that rests on it. */
  readonly name: 'HISTORY' | 'BALANCE';
  /** Null when it does not answer now. */
  examine(account: Segmind, runs: readonly UncertainRun[]): Promise<ReadonlyMap<string, Finding> | null>;
}
