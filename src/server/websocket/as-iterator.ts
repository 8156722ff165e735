/**
 * Work as the iterator that the protocol's library wants of a subscription. It yields nothing: the work tells the client
 * by itself. It begins when the iterator is first asked, and is told to end when its consumer has enough; `onEnd` runs
 * once, however it ends.
 */
export function asIterator(
  work: (ended: AbortSignal) => Promise<void>,
  onEnd: () => void,
): AsyncGenerator<never, void> {
  const ending = new AbortController();
  const done = { done: true, value: undefined } as const;
  function end(): void {
    if (ending.signal.aborted) return;
    ending.abort();
    onEnd();
  }
  return {
    async next() {
      try {
        if (!ending.signal.aborted) await work(ending.signal);
      } finally {
        end();
      }
      return done;
    },
    async return() {
      end();
      return done;
    },
    async throw(error) {
      end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      end();
    },
  };
}
