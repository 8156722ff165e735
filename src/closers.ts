/** What stops the parts that were started, newest first. */
export class Closers {
  readonly #signal: AbortSignal;
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** `signal` aborts when the process is asked to stop while its parts start. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Remembers how a part that was just started is stopped. Throws when nothing more is to be started. */
  push(close: () => Promise<unknown>): void {
    this.#closers.push(close);
    this.#signal.throwIfAborted();
  }

  /** Stops all of them; a part that fails to stop does not keep the others from it. */
  async closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse())
      await close().catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
