/*
 * A process that answers requests and works on jobs has one event loop for both. A job that begins can wait for a second,
 * and a client cannot, so fewer jobs begin while the loop is busy. The number falls by a third with each fetch, and rises
 * slowly again. Jobs that mostly wait are not counted, and urgent jobs keep their places.
 */

/** The share of the time in which the loop works, above which it counts as busy. */
const busyFrom = 0.8;
const least = 8;
const step = 8;

/**
 * Makes the function that returns how many jobs may be in their beginning now, at most `most`. It is called once for each
 * fetch, and looks at the time since its last call.
 */
export function createRoom(
  most: number,
  readLoop: () => ReturnType<typeof performance.eventLoopUtilization> = () =>
    performance.eventLoopUtilization(),
): () => number {
  let last = readLoop();
  let room = most;
  return () => {
    const next = readLoop();
    const activeMs = next.active - last.active;
    const idleMs = next.idle - last.idle;
    last = next;
    const isBusy = activeMs > busyFrom * (activeMs + idleMs);
    room = isBusy ? Math.max(Math.min(least, most), Math.floor(room * (2 / 3))) : Math.min(most, room + step);
    return room;
  };
}
