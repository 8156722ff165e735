/** Opcodes from this one on are control frames, which may come between the frames of a message (RFC 6455, 5.2). */
const firstControl = 0x8;
/** The longest header of a frame: two bytes, a length of eight bytes and a mask of four bytes. */
const longestHeader = 14;

/**
 * Finds where a client's frames begin and end, for any division of the bytes into chunks. It does not read payloads.
 */
export class FrameScan {
  /** The received bytes of an incomplete message. The library keeps them until the message is complete. */
  unfinishedBytes = 0;
  /** The number of pieces in which the library keeps these bytes: one for each part of a frame in each chunk. */
  unfinishedPieces = 0;
  /** The size of the chunks that hold these pieces. A piece is a view of its chunk, so the whole chunk is kept. */
  unfinishedChunkBytes = 0;
  /** Whether the next byte begins a frame. */
  isBetweenFrames = true;
  private readonly header = Buffer.alloc(longestHeader);
  private headerLength = 0;
  private payloadLeft = 0;
  private isInPayload = false;
  /** The buffer that was counted last. A chunk may be scanned in several steps, and its buffer is counted once. */
  private counted: ArrayBufferLike | null = null;

  /** Moves to the end of the frame or of the chunk, whichever comes first. Returns the new position in the chunk. */
  skip(chunk: Uint8Array, from: number): number {
    let at = from;
    this.isBetweenFrames = false;
    while (!this.isInPayload) {
      if (at === chunk.length) return at;
      this.header[this.headerLength] = chunk[at] ?? 0;
      this.headerLength += 1;
      at += 1;
      this.isInPayload = this.headerLength === this.wholeHeaderLength();
      if (this.isInPayload) this.payloadLeft = this.payloadLength();
    }
    const end = Math.min(chunk.length, at + this.payloadLeft);
    this.payloadLeft -= end - at;
    const [first = 0] = this.header;
    const isControl = (first & 0xf) >= firstControl;
    if (!isControl && end > at) this.keep(chunk, end - at);
    if (this.payloadLeft > 0) return end;
    if (!isControl && first & 0x80) this.forget();
    this.headerLength = 0;
    this.isInPayload = false;
    this.isBetweenFrames = true;
    return end;
  }

  private keep({ buffer }: Uint8Array, bytes: number): void {
    this.unfinishedBytes += bytes;
    this.unfinishedPieces += 1;
    if (buffer === this.counted) return;
    this.counted = buffer;
    this.unfinishedChunkBytes += buffer.byteLength;
  }

  private forget(): void {
    this.unfinishedBytes = 0;
    this.unfinishedPieces = 0;
    this.unfinishedChunkBytes = 0;
    this.counted = null;
  }

  /** The length of the header as far as it is known: the first two bytes say how many bytes follow. */
  private wholeHeaderLength(): number {
    if (this.headerLength < 2) return 2;
    const second = this.header[1] ?? 0;
    const size = second & 0x7f;
    return 2 + (size === 126 ? 2 : size === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
  }

  private payloadLength(): number {
    const size = (this.header[1] ?? 0) & 0x7f;
    if (size === 126) return this.header.readUInt16BE(2);
    return size === 127 ? Number(this.header.readBigUInt64BE(2)) : size;
  }
}
