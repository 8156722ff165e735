/*
 * Large answers are not lost. An answer that is larger than SEGMIND_MEMORY_BYTES is written to a file in storage while
 * it comes, and the sender waits when the disk is slower. The answer is then read back and searched for pictures. This
 * is done for one answer at a time, because it takes several times the answer's size in memory. An answer that is too
 * large for this gets the key of its content and is kept unchanged, up to two gigabytes.
 */

/** Takes an answer that is too large to be held in memory. Every method throws when the answer cannot be stored. */
export interface Spool {
  write(chunk: Buffer): Promise<void>;
  /** Ends the answer: all of its bytes were written. */
  end(): Promise<Spooled>;
  /** Removes the bytes, because the answer is not needed. */
  discard(): Promise<void>;
}

/** A whole answer outside of memory, until it is kept or discarded. */
export interface Spooled {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Its first bytes. */
  readonly head: Buffer;
  read(): Promise<Buffer>;
  /** Keeps it under a key of the storage. A second call is no error. */
  keep(key: string): Promise<void>;
  discard(): Promise<void>;
}

/** A spool that removes the API key from the written bytes, because members of a project may read a kept answer. */
export function spoolWithout(apiKey: string, spool: Spool): Spool {
  // The end of a chunk may be the beginning of the key.
  let held = '';
  return {
    async write(chunk) {
      const text = (held + chunk.toString('latin1')).replaceAll(apiKey, '[key]');
      const end = Math.max(0, text.length - apiKey.length + 1);
      held = text.slice(end);
      await spool.write(Buffer.from(text.slice(0, end), 'latin1'));
    },
    async end() {
      await spool.write(Buffer.from(held, 'latin1'));
      return spool.end();
    },
    discard: () => spool.discard(),
  };
}

/** How many bytes may wait to be written before the sender is paused. */
const mostWaitingBytes = 8_388_608;

/** Writes chunks one after another as they come, and pauses the sender while the disk is slower. */
export class Spooling {
  readonly #spool: Spool;
  readonly #onFailure: (error: unknown) => void;
  #written: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  #hasFailed = false;

  constructor(spool: Spool, onFailure: (error: unknown) => void) {
    this.#spool = spool;
    this.#onFailure = onFailure;
  }

  write(chunk: Buffer, sender: { pause(): void; resume(): void }): void {
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > mostWaitingBytes) sender.pause();
    this.#written = this.#written.then(async () => {
      if (!this.#hasFailed) await this.#spool.write(chunk).catch((error: unknown) => this.#fail(error));
      this.#waitingBytes -= chunk.length;
      if (this.#waitingBytes <= mostWaitingBytes) sender.resume();
    });
  }

  async end(): Promise<Spooled> {
    await this.#written;
    return this.#spool.end();
  }

  async discard(): Promise<void> {
    this.#hasFailed = true;
    await this.#written;
    await this.#spool.discard().catch(() => undefined);
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#onFailure(error);
  }
}
