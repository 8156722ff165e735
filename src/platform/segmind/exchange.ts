import { type Dispatcher, request } from 'undici';
import { toError } from '../../errors.ts';
import { SegmindError } from './segmind-error.ts';
import type { Call } from './status-meaning.ts';

/** Names in lower case; of a header sent twice, the first. */
export type AnswerHeaders = Readonly<Record<string, string | undefined>>;

/** One answer, whole. */
export interface Answer {
  readonly httpStatus: number;
  readonly headers: AnswerHeaders;
  readonly bytes: Buffer;
}

/** One request, and the limits its answer must keep. */
export interface Exchange {
  readonly call: Call;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly body?: string;
  /** For the whole exchange, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  /** The caller's own reason to stop. */
  readonly signal?: AbortSignal;
  readonly maxBytes: number;
  readonly dispatcher: Dispatcher;
}

/**
 * Sends one request and reads one answer: one deadline over all of it, no redirect, no second try. Any status
 * resolves; everything else throws a SegmindError that knows whether a byte of the request can have left.
 */
export async function exchange(sent: Exchange): Promise<Answer> {
  const deadline = AbortSignal.timeout(sent.timeoutMs);
  const signal = sent.signal ? AbortSignal.any([deadline, sent.signal]) : deadline;
  let isStarted = false;
  const dispatcher = sent.dispatcher.compose(
    notingStart(() => {
      isStarted = true;
    }),
  );
  try {
    signal.throwIfAborted();
    const answer = await Promise.race([
      request(sent.url, {
        method: sent.body === undefined ? 'GET' : 'POST',
        headers: { 'user-agent': 'dramatis', ...sent.headers },
        body: sent.body,
        // A connection that was kept alive may close at this very moment, and nobody could tell what arrived.
        reset: sent.body !== undefined,
        dispatcher,
        signal,
      }),
      // Until the request has a connection, undici hears the signal but does not answer it.
      aborted(signal),
    ]);
    const headers = Object.entries(answer.headers).map(([name, value]) => [name, [value].flat()[0]]);
    return {
      httpStatus: answer.statusCode,
      headers: Object.fromEntries(headers),
      bytes: await readBytes(answer.body, sent),
    };
  } catch (thrown) {
    throw thrown instanceof SegmindError ? thrown : networkError(toError(thrown), sent, isStarted, deadline);
  }
}

/** Calls `note` when a request gets its connection, just before its first byte is written. */
function notingStart(note: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const onRequestStart = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      note();
      onRequestStart?.(controller, context);
    };
    return dispatch(options, handler);
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function readBytes(body: AsyncIterable<Buffer>, { call, maxBytes }: Exchange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) {
      throw new SegmindError({
        code: call === 'DOWNLOAD' ? 'OUTPUT_REFUSED' : 'ANSWER_INVALID',
        meaning: call === 'SUBMIT' ? 'UNCERTAIN' : 'REFUSED',
        detail: `The answer is larger than ${maxBytes} bytes.`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function networkError(cause: Error, sent: Exchange, isStarted: boolean, deadline: AbortSignal): SegmindError {
  const meaning = sent.call === 'SUBMIT' && isStarted ? 'UNCERTAIN' : 'RETRY';
  const failure = { meaning, detail: cause.message || cause.name, cause } as const;
  if (sent.signal?.aborted) return new SegmindError({ code: 'ABORTED', ...failure });
  if (deadline.aborted) return new SegmindError({ code: 'TIMED_OUT', ...failure });
  return new SegmindError({ code: isStarted ? 'CONNECTION_LOST' : 'NOT_CONNECTED', ...failure });
}
