const firstSize = 64 * 1_024;
/** The most bytes that UTF-8 needs for a unit of a text. */
const mostBytesOfUnit = 3;

/** Text that is collected as UTF-8, outside of the heap of V8. */
export class Bytes {
  #bytes = Buffer.allocUnsafe(firstSize);
  #length = 0;

  add(text: string): void {
    const needed = this.#length + text.length * mostBytesOfUnit;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** All text so far. Nothing may be added afterwards. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
