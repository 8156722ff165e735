import { randomUUID } from 'node:crypto';

/** A run's turn, as the worker gets it. */
export interface Wakeup {
  readonly id: string;
  readonly generationId: string;
  /**
   * Says that the run is on its way: from here on it mostly waits, and the next may be begun. It keeps its place and its
   * lease.
   */
  settle(): void;
  /** False when our own heartbeats came late: another process may have taken the run over. */
  isLeaseFresh(): boolean;
  /**
   * Does what must not be left halfway: a stop waits for it. The signal aborts when the stop can wait no longer; then the
   * work has a few seconds to write down how far it came.
   */
  finish<Result>(work: (hurried: AbortSignal) => Promise<Result>): Promise<Result>;
}

/** A turn to be given to a run. */
export interface NewWakeup {
  readonly id: string;
  readonly generationId: string;
  readonly delayMs?: number;
  readonly isUrgent?: boolean;
}

export type WakeupHandler = (wakeup: Wakeup, signal: AbortSignal) => Promise<void>;

/** A fresh wake-up's id. */
export function newWakeupId(): string {
  return randomUUID();
}
