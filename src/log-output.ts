import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { errorCode } from './errors.ts';

/** So many characters wait while they cannot be written; later lines are dropped. */
const mostWaiting = 16_777_216;
/** A pipe that is full is tried again after this, and so often at the exit. */
const pipeFullMs = 50;
const triesAtExit = 20;

/**
 * Writes lines to a file descriptor, one portion after another. A failure neither ends the process nor reaches the caller:
 * there is no place to tell it. What a full disk did not take waits, and each line that follows tries again. pino's own output
 * throws its errors, and at the exit it tries a full disk forever.
 */
export function openLogOutput(descriptor: number): DestinationStream {
  let waiting = '';
  /** What is not yet written of the portion that was begun. */
  let portion = Buffer.alloc(0);
  let isWriting = false;

  function nextPortion(): Buffer {
    if (portion.length === 0) {
      portion = Buffer.from(waiting);
      waiting = '';
    }
    return portion;
  }

  function writeOn(): void {
    isWriting = nextPortion().length > 0;
    if (!isWriting) return;
    write(descriptor, portion, (error, written) => {
      if (error === null) {
        portion = portion.subarray(written);
        writeOn();
      } else if (error.code === 'EAGAIN') {
        setTimeout(writeOn, pipeFullMs).unref();
      } else {
        isWriting = false;
        if (error.code === 'EPIPE') portion = Buffer.alloc(0);
      }
    });
  }

  function writeLast(): void {
    // What is on its way would be there twice.
    if (isWriting) portion = Buffer.alloc(0);
    for (let tries = 0; tries < triesAtExit && nextPortion().length > 0; ) {
      try {
        portion = portion.subarray(writeSync(descriptor, portion));
      } catch (error) {
        if (errorCode(error) !== 'EAGAIN') return;
        tries += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pipeFullMs);
      }
    }
  }

  let isUsed = false;
  return {
    write(line) {
      if (!isUsed) process.once('exit', writeLast);
      isUsed = true;
      if (waiting.length + line.length <= mostWaiting) waiting += line;
      if (!isWriting) writeOn();
    },
  };
}
