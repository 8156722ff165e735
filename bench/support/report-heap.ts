/*
 * Loaded into a measured process with `--expose-gc --import`: answers each message of its parent with the bytes of the
 * heap that are in use after garbage was collected.
 */
process.on('message', () => {
  // Objects that wait for a finalizer are freed by the second collection.
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    process.send?.({ heapBytes: process.memoryUsage().heapUsed });
  });
});
process.channel?.unref();
