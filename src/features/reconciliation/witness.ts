import type { Segmind } from '../../platform/segmind/segmind.ts';

/** A run that the provider may have taken and charged, with the facts that witnesses need. */
export interface UncertainRun {
  readonly id: string;
  readonly projectId: string;
  readonly model: string;
  readonly seed: bigint;
  /** The parameters by the provider's names, without image parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The reference pictures of the run, as text to compare. */
  readonly references: string;
  readonly holdMicros: bigint;
  readonly priceMicros: bigint | null;
  /** The attempt whose end is unknown; null when the database was restored, because there may have been any attempt. */
  readonly attemptToken: string | null;
  /** The earliest moment at which the run may have been submitted. */
  readonly since: Date;
  /** The latest moment at which the run may have been submitted. */
  readonly attemptedAt: Date;
  /** Whether the worker that submitted the run may still get the answer. */
  readonly mayBeAnswered: boolean;
  /** The time since `attemptedAt`, by the database's clock. */
  readonly ageMs: number;
}

/** The finding of a witness about a run. */
export type Finding =
  /** The provider was paid for it; `requestId` is set when its pictures may still be fetched. */
  | { readonly kind: 'CHARGED'; readonly costMicros: bigint | null; readonly requestId: string | null }
  /** The provider has it, and it has not ended. */
  | { readonly kind: 'TAKEN'; readonly requestId: string }
  | { readonly kind: 'NOT_CHARGED' };

/** A source of facts about the end of uncertain runs. A run without a finding stays as it is. */
export interface Witness {
  /** The cost source of runs that are settled by its findings. */
  readonly name: 'HISTORY' | 'BALANCE';
  /** Findings by the id of the run; null when the witness does not answer now. */
  examine(account: Segmind, runs: readonly UncertainRun[]): Promise<ReadonlyMap<string, Finding> | null>;
}
