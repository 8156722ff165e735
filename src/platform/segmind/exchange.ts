import type { Dispatcher } from 'undici';
import { toError } from '../../errors.ts';
import { SegmindError } from './segmind-error.ts';
import { type Spool, type Spooled, Spooling } from './spool.ts';
import type { Call } from './status-meaning.ts';

/** Headers, with names in lower case. When a header was sent twice, the first value. */
export type AnswerHeaders = Readonly<Record<string, string | undefined>>;

/** One complete answer. */
export interface Answer {
  readonly httpStatus: number;
  readonly headers: AnswerHeaders;
  /** Only the beginning of an answer that was spooled. */
  readonly bytes: Buffer;
  readonly spooled?: Spooled;
}

/** Where a request goes: a URL, or only its parts, because making a URL for each poll would cost time. */
export type Target = Pick<URL, 'origin' | 'pathname' | 'search'>;

/** One request, and the limits its answer must keep. */
export interface Exchange {
  readonly call: Call;
  readonly url: Target;
  readonly headers: Readonly<Record<string, string>>;
  /** With a body the request is a POST, otherwise a GET. */
  readonly body?: string;
  /** For the whole exchange, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  /** The caller's signal to stop. */
  readonly signal?: AbortSignal;
  readonly maxBytes: number;
  /** Takes an answer that is larger than `maxBytes`. Without a spool such an answer is a failure. */
  readonly spool?: () => Spool;
  readonly dispatcher: Dispatcher;
}

/** The API shows sizes as 32-bit numbers. */
const mostSpooledBytes = 2 ** 31 - 1;
/** How many times longer a download may take when it is spooled. */
const spooledPatience = 10;

/**
 * Sends one request and reads one answer, with one deadline for both, without redirects and without a second try. It
 * resolves for any status. Every other failure throws a SegmindError, whose meaning depends on whether a byte of the
 * request may have been sent.
 */
export function exchange(sent: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const reception = new Reception(sent, resolve, reject);
    if (sent.signal?.aborted) return reception.stop(sent.signal.reason);
    const { origin, pathname, search } = sent.url;
    try {
      sent.dispatcher.dispatch(
        {
          origin,
          path: `${pathname}${search}`,
          method: sent.body === undefined ? 'GET' : 'POST',
          headers: { 'user-agent': 'dramatis', ...sent.headers },
          body: sent.body,
          // A reused connection may close at this moment, and then it is unknown whether the request arrived.
          reset: sent.body !== undefined,
        },
        reception,
      );
    } catch (error) {
      reception.stop(error);
    }
  });
}

/**
 * Takes an answer directly from the connection. Thousands of polls are pending at a time, and a stream and two signals
 * for each would cost more than the rest of the work.
 */
class Reception implements Dispatcher.DispatchHandler {
  readonly #sent: Exchange;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  #deadline: NodeJS.Timeout;
  readonly #abort = () => this.stop(this.#sent.signal?.reason);
  #controller: Dispatcher.DispatchController | null = null;
  #failure: Error | null = null;
  #isStarted = false;
  #httpStatus = 0;
  #headers: AnswerHeaders = {};
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #spooling: Spooling | null = null;

  constructor(sent: Exchange, resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#sent = sent;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#deadline = this.#expire(sent.timeoutMs);
    sent.signal?.addEventListener('abort', this.#abort);
  }

  /** Ends the exchange in any state. A request without a connection is given up before its first byte is sent. */
  stop(reason: unknown, code?: 'TIMED_OUT'): void {
    this.#fail(this.#networkError(toError(reason), code));
  }

  /** The request has a connection, and its first byte is about to be written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure) controller.abort(this.#failure);
    else this.#isStarted = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    httpStatus: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#httpStatus = httpStatus;
    const first: Record<string, string | undefined> = {};
    for (const [name, value] of Object.entries(headers))
      first[name] = Array.isArray(value) ? value[0] : value;
    this.#headers = first;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#failure) return;
    const { spool, maxBytes } = this.#sent;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > maxBytes && spool && !this.#spooling) this.#beginSpooling(spool(), controller);
    if (!this.#spooling) this.#chunks.push(chunk);
    else if (this.#sizeBytes <= mostSpooledBytes) this.#spooling.write(chunk, controller);
    if (this.#sizeBytes > (spool ? mostSpooledBytes : maxBytes)) this.#refuseSize();
  }

  #beginSpooling(spool: Spool, controller: Dispatcher.DispatchController): void {
    this.#spooling = new Spooling(spool, (error) => this.#fail(this.#spoolError(error)));
    for (const chunk of this.#chunks.splice(0)) this.#spooling.write(chunk, controller);
    if (this.#sent.call !== 'DOWNLOAD') return;
    clearTimeout(this.#deadline);
    this.#deadline = this.#expire(this.#sent.timeoutMs * spooledPatience);
  }

  #expire(timeoutMs: number): NodeJS.Timeout {
    return setTimeout(() => this.stop(new Error('The time was up.'), 'TIMED_OUT'), timeoutMs);
  }

  /** A read may be tried again when the disk works again. The answer to a submit is lost. */
  #spoolError(error: unknown): Error {
    const cause = toError(error);
    if (this.#sent.call !== 'SUBMIT') return cause;
    const detail = 'The answer is too large for memory, and could not be stored.';
    return new SegmindError({ code: 'CONNECTION_LOST', meaning: 'UNCERTAIN', detail, cause });
  }

  #refuseSize(): void {
    const { call, spool, maxBytes } = this.#sent;
    this.#fail(
      new SegmindError({
        code: call === 'DOWNLOAD' ? 'OUTPUT_REFUSED' : 'ANSWER_INVALID',
        meaning: call === 'SUBMIT' ? 'UNCERTAIN' : 'REFUSED',
        detail: `The answer is larger than ${spool ? mostSpooledBytes : maxBytes} bytes.`,
      }),
    );
  }

  onResponseEnd(): void {
    this.#end();
    if (this.#spooling) return void this.#endSpooling(this.#spooling);
    const [only, ...more] = this.#chunks;
    const bytes = only && more.length === 0 ? only : Buffer.concat(this.#chunks);
    this.#resolve({ httpStatus: this.#httpStatus, headers: this.#headers, bytes });
  }

  async #endSpooling(spooling: Spooling): Promise<void> {
    try {
      const spooled = await spooling.end();
      const facts = { httpStatus: this.#httpStatus, headers: this.#headers };
      if (!this.#failure) this.#resolve({ ...facts, bytes: spooled.head, spooled });
    } catch (error) {
      this.#fail(this.#spoolError(error));
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(this.#networkError(error));
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#end();
    this.#reject(error);
    void this.#spooling?.discard();
    this.#controller?.abort(error);
  }

  #end(): void {
    clearTimeout(this.#deadline);
    this.#sent.signal?.removeEventListener('abort', this.#abort);
  }

  #networkError(cause: Error, code?: 'TIMED_OUT'): SegmindError {
    const { call, signal } = this.#sent;
    const meaning = call === 'SUBMIT' && this.#isStarted ? 'UNCERTAIN' : 'RETRY';
    const failure = { meaning, detail: cause.message || cause.name, cause } as const;
    if (signal?.aborted) return new SegmindError({ code: 'ABORTED', ...failure });
    return new SegmindError({
      code: code ?? (this.#isStarted ? 'CONNECTION_LOST' : 'NOT_CONNECTED'),
      ...failure,
    });
  }
}
