/**
 * Wraps work in the iterator that the protocol's library expects of a subscription. It yields nothing, because the
 * work sends to the client itself. The work begins with the first `next`. `ended` aborts when the consumer stops.
 * `onEnd` runs exactly once, for every kind of end.
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
