import { createHash } from 'node:crypto';
import { z } from 'zod';
import { apiAddress, isOutputAllowed } from './address.ts';
import { cleanDetail } from './clean-detail.ts';
import { type Connections, openConnections } from './connections.ts';
import { type Answer, type Exchange, exchange, type Target } from './exchange.ts';
import { type HistoryQuery, type HistoryRow, isWholeList, readHistory } from './history.ts';
import { parseMicros } from './micros.ts';
import type { SegmindOptions } from './options.ts';
import { maxUrlLength } from './outputs.ts';
import { readResult, readStatus, withoutKey } from './read-result.ts';
import { nonsense, refusal } from './refusal.ts';
import {
  errorText,
  type Metrics,
  parseBody,
  parseJson,
  type Result,
  readMetrics,
  requestIdPattern,
  type Status,
} from './result.ts';
import { SegmindError } from './segmind-error.ts';
import { spoolWithout } from './spool.ts';
import type { Call } from './status-meaning.ts';
import { downloaded, wholeAnswer } from './whole-answer.ts';

/** A job that the provider has taken. */
export interface Submitted {
  readonly requestId: string;
  readonly metrics: Metrics;
}

/** The account's balance; null when the provider has no record of it. */
export interface Credits {
  readonly creditsMicros: bigint | null;
  readonly freeCreditsMicros: bigint | null;
}

/**
 * Segmind's HTTP API: each call is one request, never repeated here. Every failure is a SegmindError, whose
 * `meaning` says whether the same call may be made again and whether it may have cost money.
 */
export interface Segmind {
  /** `simulator`, or the API's address. Runs and money of two environments are never mixed. */
  readonly environment: string;
  /** The account on this API, as 16 hexadecimal digits that do not reveal the key. */
  readonly accountId: string;
  /** Sends a job to the provider's queue. There is no idempotency key: every call is a new job that is paid for. */
  submit(slug: string, body: object, signal?: AbortSignal): Promise<Submitted>;
  /** Runs a job over the synchronous API and waits for its pictures. Like `submit`, every call is a new paid job. */
  run(slug: string, body: object, signal?: AbortSignal): Promise<Result>;
  status(requestId: string): Promise<Status>;
  /** The pictures of a completed job. Throws `NOT_FINISHED` before its end, `JOB_FAILED` when there will be none. */
  result(requestId: string): Promise<Result>;
  /** The balance. The call is free, and its success proves that the key is valid. */
  credits(): Promise<Credits>;
  /** Whether `generations` can be called. */
  readonly hasHistory: boolean;
  /** Whether the list has every run, also failed and running ones, and not only those with a picture. */
  readonly isHistoryWhole: boolean;
  /**
   * The account's past runs of a model, also charged runs that this server does not know. Throws without an address.
   */
  generations(query: HistoryQuery): Promise<HistoryRow[]>;
  /** Stores a picture at the provider; resolves to its public URL. */
  upload(bytes: Buffer, contentType: string): Promise<string>;
  /** Fetches a delivered picture, without the key. */
  download(url: string): Promise<Buffer>;
  /**
   * A client on another account of the same API, over the same connections. Throws when a header cannot hold the key.
   */
  withKey(apiKey: string): Segmind;
  /** Ends all pending requests. A pending submit becomes UNCERTAIN. */
  close(): Promise<void>;
}

/** No dot at the start, because `..` would lead out of the path. */
const slugPattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const apiKeyPattern = /^[\x21-\x7e]+$/;
const defaultOutputHosts = ['images.segmind.com', 'storage.segmind.com'];
const maxStatusBytes = 1_048_576;
const usualMemoryBytes = 67_108_864;
/** Several pictures may come as base64 in JSON. An answer larger than this many times the memory is kept unread. */
const lookedAtShare = 4;

const urlsSchema = z.array(z.url({ protocol: /^https?$/, normalize: true }).max(maxUrlLength)).min(1);
/** The provider's documents name the member `urls`; its own client library and the live service use `file_urls`. */
const uploadedSchema = z.union([
  z.object({ file_urls: urlsSchema }).transform(({ file_urls }) => file_urls),
  z.object({ urls: urlsSchema }).transform(({ urls }) => urls),
]);

/** Opens a client on an account. Throws when an option is invalid: a URL, or a key that a header cannot hold. */
export function createSegmind(options: SegmindOptions, opened?: Connections): Segmind {
  const { apiKey, maxOutputBytes, outputHosts = defaultOutputHosts } = options;
  const { submitTimeoutMs = 30_000, pollTimeoutMs = 15_000 } = options;
  const { syncTimeoutMs = 300_000, downloadTimeoutMs = 60_000 } = options;
  const { generationsUrl, memoryBytes = usualMemoryBytes, spool } = options;
  if (!apiKeyPattern.test(apiKey))
    throw new Error('The Segmind API key must be printable ASCII without spaces.');
  const address = apiAddress(options.baseUrl);
  const { environment = address } = options;
  const { realm = environment } = options;
  const apiOrigin = new URL(address).origin;
  const apiPath = address.slice(apiOrigin.length);
  const connections = opened ?? openConnections(apiOrigin);
  const uploadUrl = new URL(options.uploadUrl);

  function post(url: URL, body: object, limits: Pick<Exchange, 'call' | 'timeoutMs' | 'signal' | 'spool'>) {
    const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' };
    return exchange({
      url,
      headers,
      body: JSON.stringify(body),
      maxBytes: memoryBytes,
      dispatcher: connections.posts,
      ...limits,
    });
  }

  function read(url: Target, maxBytes: number, more: Pick<Exchange, 'spool'> = {}): Promise<Answer> {
    const [headers, timeoutMs] = [{ 'x-api-key': apiKey }, pollTimeoutMs];
    return exchange({
      call: 'READ',
      url,
      headers,
      timeoutMs,
      maxBytes,
      dispatcher: connections.reads(url.origin),
      ...more,
    });
  }

  const keyless = spool && (() => spoolWithout(apiKey, spool()));
  const whole = (answer: Answer, call: Call) =>
    wholeAnswer(answer, call, apiKey, memoryBytes * lookedAtShare);

  /** The URL of a job, made from its id only. URLs in an answer are not used. */
  function requestUrl(requestId: string, more = ''): Target {
    const pathname = `${apiPath}/v2/requests/${requestId}${more}`;
    if (requestIdPattern.test(requestId)) return { origin: apiOrigin, pathname, search: '' };
    throw new SegmindError({ code: 'ANSWER_INVALID', meaning: 'REFUSED', detail: 'Not a request id.' });
  }

  function modelUrl(version: 'v1' | 'v2', slug: string): URL {
    if (slugPattern.test(slug)) return new URL(`${address}/${version}/${slug}`);
    throw new SegmindError({ code: 'MODEL_NOT_FOUND', meaning: 'REFUSED', detail: 'Not a model name.' });
  }

  return {
    environment,
    accountId: createHash('sha256').update(`${realm}\n${apiKey}`).digest('hex').slice(0, 16),

    async submit(slug, body, signal) {
      const limits = { call: 'SUBMIT', timeoutMs: submitTimeoutMs, signal, spool: keyless } as const;
      const answer = await whole(await post(modelUrl('v2', slug), body, limits), 'SUBMIT');
      if (!isSuccess(answer)) throw refusal(answer, 'SUBMIT', apiKey);
      const taken = parseBody(answer.bytes);
      if (taken?.request_id) {
        return { requestId: taken.request_id, metrics: readMetrics(taken, answer.headers) };
      }
      const detail = cleanDetail(errorText(taken) ?? 'There is no request id in the answer.', apiKey);
      throw nonsense('ANSWER_INVALID', answer, 'SUBMIT', detail, {
        answer: withoutKey(answer.bytes, apiKey),
      });
    },

    async run(slug, body, signal) {
      const limits = { call: 'SUBMIT', timeoutMs: syncTimeoutMs, signal, spool: keyless } as const;
      const answer = await whole(await post(modelUrl('v1', slug), body, limits), 'SUBMIT');
      return readResult(answer, 'SUBMIT', apiKey);
    },

    async status(requestId) {
      return readStatus(await read(requestUrl(requestId, '/status'), maxStatusBytes), apiKey);
    },

    async result(requestId) {
      const answer = await read(requestUrl(requestId), memoryBytes, { spool: keyless });
      return readResult(await whole(answer, 'READ'), 'READ', apiKey);
    },

    async credits() {
      const answer = await read(new URL(`${address}/v1/get-user-credits`), maxStatusBytes);
      const body = parseBody(answer.bytes);
      // An account that never had a balance gets a 404 with this sentence.
      const hasNoRecord = answer.httpStatus === 404 && /no credits found/i.test(errorText(body) ?? '');
      if (!isSuccess(answer) && !hasNoRecord) throw refusal(answer, 'READ', apiKey);
      if (!body) throw nonsense('ANSWER_UNREADABLE', answer, 'READ', null);
      return {
        creditsMicros: parseMicros(body.credits),
        freeCreditsMicros: parseMicros(body['free-credits']),
      };
    },

    hasHistory: generationsUrl !== undefined,
    isHistoryWhole: generationsUrl !== undefined && isWholeList(new URL(generationsUrl)),

    async generations(query) {
      if (generationsUrl === undefined) throw new Error('There is no address of a list of past runs.');
      const source = { address: generationsUrl, apiKey, read: (url: URL) => read(url, memoryBytes) };
      return readHistory(source, query);
    },

    async upload(bytes, contentType) {
      const body = { data_urls: [`data:${contentType};base64,${bytes.toString('base64')}`] };
      const answer = await post(uploadUrl, body, { call: 'UPLOAD', timeoutMs: downloadTimeoutMs });
      if (!isSuccess(answer)) throw refusal(answer, 'UPLOAD', apiKey);
      const [url] = uploadedSchema.safeParse(parseJson(answer.bytes)).data ?? [];
      if (url !== undefined) return url;
      // A page of a gateway says nothing about the picture.
      const code = parseJson(answer.bytes) === undefined ? 'ANSWER_UNREADABLE' : 'ANSWER_INVALID';
      throw nonsense(code, answer, 'UPLOAD', 'There is no URL in the answer.');
    },

    async download(text) {
      const url = URL.parse(text);
      if (!url || !isOutputAllowed(url, apiOrigin, outputHosts)) {
        const detail = 'Pictures are not fetched from this host.';
        throw new SegmindError({ code: 'OUTPUT_REFUSED', meaning: 'REFUSED', detail });
      }
      const limits = { timeoutMs: downloadTimeoutMs, maxBytes: maxOutputBytes, spool };
      const answer = await exchange({
        call: 'DOWNLOAD',
        url,
        headers: {},
        ...limits,
        dispatcher: connections.reads(url.origin),
      });
      return downloaded(answer, maxOutputBytes, apiKey);
    },

    withKey: (otherKey) => createSegmind({ ...options, apiKey: otherKey }, connections),

    close: () => connections.close(),
  };
}

function isSuccess({ httpStatus }: Answer): boolean {
  return httpStatus >= 200 && httpStatus < 300;
}
