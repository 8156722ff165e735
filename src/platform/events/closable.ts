/**
 * An async generator that ends at once when its consumer has enough. A plain one only notes a `return()` while it
 * waits, and one that waits for news may wait for ever. `make` gets the signal to stop; `onEnd` runs once, however it ends.
 */
export function closable<Item>(
  make: (ended: AbortSignal) => AsyncGenerator<Item, void>,
  onEnd: () => void = () => undefined,
): AsyncGenerator<Item, void> {
  const ending = new AbortController();
  const items = make(ending.signal);
  function end(): void {
    if (ending.signal.aborted) return;
    ending.abort();
    onEnd();
  }
  return {
    async next() {
      try {
        const next = await items.next();
        if (next.done) end();
        return next;
      } catch (error) {
        end();
        throw error;
      }
    },
    return() {
      end();
      return items.return();
    },
    throw(error) {
      end();
      return items.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      end();
      await items.return();
    },
  };
}
