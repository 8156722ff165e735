/** Stops the parts of the process that were started, the newest first. */
export class Closers {
  readonly #signal: AbortSignal;
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** `signal` aborts when the process is asked to stop while its parts start. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Remembers how to stop a part that was just started. Throws when the process was asked to stop. */
  push(close: () => Promise<unknown>): void {
    this.#closers.push(close);
    this.#signal.throwIfAborted();
  }

  /** Stops all parts, also when one of them fails to stop. Then throws the first failure. */
  async closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse())
      await close().catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
