import { write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { errorCode } from './errors.ts';

/** The most characters that wait to be written; lines beyond this are dropped. */
const mostWaiting = 16_777_216;
/** The pause before the next write to a full pipe. */
const pipeFullMs = 50;
/** The most tries to write to a full pipe when the process exits. */
const triesAtExit = 20;

/**
 * Writes lines to a file descriptor, one portion after another. A failure does not end the process and does not reach
 * the caller, because there is no other place to report it. When the disk is full, the text waits, and each later
 * line tries again. pino's own output is not used, because it throws its errors, and at the exit it tries a full disk
 * forever.
 */
export function openLogOutput(descriptor: number): DestinationStream {
  let waiting = '';
  /** The part of the current portion that is not written yet. */
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
    // An asynchronous write of this portion is under way. Writing it here too would print it twice.
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
