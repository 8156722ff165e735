import { expect, it } from '@jest/globals';
import { FrameScan } from '../../../src/server/websocket/frame-scan.ts';
import { frame } from '../../support/frames.ts';

/** Goes over chunks as they come; returns where frames began, counted from the first byte of all. */
function beginnings(chunks: Buffer[]): { starts: number[]; scan: FrameScan } {
  const scan = new FrameScan();
  const starts: number[] = [];
  let before = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (scan.isBetweenFrames) starts.push(before + at);
      at = scan.skip(chunk, at);
    }
    before += chunk.length;
  }
  return { starts, scan };
}

const unmasked = Buffer.alloc(0);
const frames = [
  frame('ping'),
  frame('text', 'x'),
  frame('text', 'x'.repeat(125)),
  frame('text', 'x'.repeat(126)),
  frame('binary', 'x'.repeat(65_535)),
  frame('text', 'x'.repeat(65_536)),
  frame('text', '', { isLast: false }),
  frame('continuation', '', { isLast: false }),
  frame('pong', 'x'.repeat(125)),
  frame('continuation', 'x'.repeat(300)),
  frame('close', 'xx'),
  frame('text', 'x'.repeat(7), { mask: unmasked }).map((byte, index) => (index === 1 ? byte & 0x7f : byte)),
  frame('ping'),
].map((bytes) => Buffer.from(bytes));
const all = Buffer.concat(frames);
const expected = frames.map((_, index) => Buffer.concat(frames.slice(0, index)).length);

it.each([all.length, 65_536, 1_000, 7, 3, 2, 1])('finds every frame in pieces of %i bytes', (size) => {
  const chunks = [];
  for (let at = 0; at < all.length; at += size) chunks.push(all.subarray(at, at + size));
  const { starts, scan } = beginnings(chunks);
  expect(starts).toEqual(expected);
  expect([scan.unfinishedBytes, scan.isBetweenFrames]).toEqual([0, true]);
});

it('knows how much has come of a message that is not complete, whatever comes between its pieces', () => {
  const { scan } = beginnings([
    frame('text', 'x'.repeat(100), { isLast: false }),
    frame('ping', 'y'.repeat(50)),
    frame('continuation', 'x'.repeat(200), { isLast: false }),
    frame('continuation', 'x'.repeat(1_000)).subarray(0, 8 + 400),
  ]);
  expect([scan.unfinishedBytes, scan.isBetweenFrames]).toEqual([700, false]);
  expect(scan.unfinishedPieces).toBe(3);
});

/** A chunk with memory of its own, as Node reads it from a socket. */
const chunkOf = (...parts: Buffer[]) => Buffer.from(new Uint8Array(Buffer.concat(parts)).buffer);

it('knows what memory is kept for it: the chunks, each once, and a piece for each part of a frame', () => {
  const first = frame('text', 'x', { isLast: false });
  const next = frame('continuation', 'x', { isLast: false });
  const chunk = chunkOf(frame('text', 'whole'), frame('ping', 'y'.repeat(100)), first, next);
  const { scan } = beginnings([frame('text', 'another', { isLast: false }), frame('continuation'), chunk]);
  expect([scan.unfinishedBytes, scan.unfinishedPieces]).toEqual([2, 2]);
  expect(scan.unfinishedChunkBytes).toBe(chunk.length);
  // In two turns, as when the socket must wait in between.
  const other = chunkOf(frame('ping', 'y'.repeat(125)), next, next);
  let rest = other.subarray(scan.skip(other, 0));
  while (rest.length > 0) rest = rest.subarray(scan.skip(rest, 0));
  expect([scan.unfinishedPieces, scan.unfinishedChunkBytes]).toEqual([4, chunk.length + other.length]);
  scan.skip(frame('continuation', 'x'), 0);
  expect([scan.unfinishedBytes, scan.unfinishedPieces, scan.unfinishedChunkBytes]).toEqual([0, 0, 0]);
});

it('believes no length, however great, and keeps nothing', () => {
  const endless = Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  const { starts, scan } = beginnings([endless, Buffer.alloc(1_000), Buffer.alloc(1_000)]);
  expect(starts).toEqual([0]);
  expect(scan.unfinishedBytes).toBe(2_000);
});
