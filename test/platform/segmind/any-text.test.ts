import { describe, expect, it } from '@jest/globals';
import { isStorable } from '../../../src/platform/db/storable.ts';
import type { Answer } from '../../../src/platform/segmind/exchange.ts';
import { readHistory } from '../../../src/platform/segmind/history.ts';
import { readResult, readStatus } from '../../../src/platform/segmind/read-result.ts';
import { refusal } from '../../../src/platform/segmind/refusal.ts';
import { parseBody, requestIdPattern } from '../../../src/platform/segmind/result.ts';
import { SegmindError } from '../../../src/platform/segmind/segmind-error.ts';
import { randomTexts } from '../../support/texts.ts';

/*
 * Whatever the provider says, and however: what it means is read, and what is kept of the words can be stored.
 */
const key = 'SG_0123456789abcdef';
const texts = randomTexts(5, 10_000).map((text, place) => (place % 2 ? text : `${text}${place}`));
const sound = 'https://images.segmind.com/a.png';

function answer(httpStatus: number, body: object | Buffer, headers: Answer['headers'] = {}): Answer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return { httpStatus, headers, bytes };
}

/** Some of the texts for which a check fails, as a terminal can show them. */
function wrong(check: (text: string, place: number) => boolean): string[] {
  return texts
    .filter((text, place) => !check(text, place))
    .slice(0, 5)
    .map(shown);
}

function shown(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What a call throws. */
function thrown(call: () => unknown): SegmindError | null {
  try {
    call();
  } catch (error) {
    if (error instanceof SegmindError) return error;
    throw error;
  }
  return null;
}

/** Whether words can be kept: in every column, on one line of a log, in a terminal. */
function isKept(words: string | null): boolean {
  if (words === null) return true;
  return isStorable(words) && words.length <= 500 && words !== '' && !/[\p{Cc}\u2028\u202e]/u.test(words);
}

const pick = <Value>(values: readonly Value[], place: number) => values[place % values.length] as Value;
const wordsIn = (text: string, place: number) =>
  pick([{ error: text }, { message: text }, { detail: text }, { error: { [text]: text } }], place);

describe('any text', () => {
  it('in the words of a run that failed leaves it failed', () => {
    expect(
      wrong((text, place) => {
        const said = answer(pick([422, 200, 400, 500, 503], place), {
          status: 'FAILED',
          ...wordsIn(text, place),
        });
        const { state, error } = readStatus(said, key);
        const result = thrown(() => readResult(said, 'READ', key));
        return state === 'FAILED' && isKept(error) && result?.code === 'JOB_FAILED' && isKept(result.detail);
      }),
    ).toEqual([]);
  });

  it('in the words of a refusal, or instead of any JSON, leaves it the same refusal', () => {
    const statuses = [400, 401, 402, 403, 410, 413, 422, 429, 500, 502, 503, 504];
    const encodings = ['utf8', 'latin1', 'utf16le'] as const;
    expect(
      wrong((text, place) => {
        const status = pick(statuses, place);
        const plain = refusal(answer(status, { error: 'no' }), 'SUBMIT', key);
        return [wordsIn(text, place), Buffer.from(`- ${text}`, pick(encodings, place))].every((body) => {
          const error = refusal(answer(status, body), 'SUBMIT', key);
          return (
            error.code === plain.code &&
            error.meaning === plain.meaning &&
            isKept(error.detail) &&
            isStorable(error.message)
          );
        });
      }),
    ).toEqual([]);
  });

  it('as the id of a request is that very id, or none', () => {
    expect(
      wrong((text) => {
        const id = parseBody(answer(200, { request_id: text }).bytes)?.request_id ?? null;
        return id === (requestIdPattern.test(text) ? text : null);
      }),
    ).toEqual([]);
  });

  it('beside a picture does not harm it; each output is an address that can be stored', () => {
    expect(
      wrong((text) => {
        const body = {
          status: 'COMPLETED',
          images: [sound, `https://images.segmind.com/${text}`, { url: `https://${text}` }, text],
          error: text,
          request_id: text,
          seed: text,
          metrics: { cost: text, inference_time: text, remaining_credits: text, [text]: text },
          [text]: text,
        };
        const headers = {
          'x-cost': text,
          'x-generation-time': text,
          'x-request-id': text,
          'x-seed-value': text,
        };
        const { outputs, metrics, requestId } = readResult(answer(200, body, headers), 'READ', key);
        const urls = outputs.flatMap((output) => (output.kind === 'URL' ? [output.url] : []));
        return (
          urls[0] === sound &&
          urls.length >= 3 &&
          urls.every((url) => /^[\x21-\x7e]{1,8192}$/.test(url)) &&
          (requestId === null || requestId === text) &&
          [metrics.inferenceSeconds ?? 0, metrics.totalSeconds ?? 0].every((each) => each >= 0 && each <= 1e9)
        );
      }),
    ).toEqual([]);
  });

  it('as the state of a run, or around it, is that state or none', () => {
    expect(
      wrong((text) => {
        const said = (status: string) => {
          const error = thrown(() => readStatus(answer(200, { status }), key));
          return error ? error.code : readStatus(answer(200, { status }), key).state;
        };
        const isNone = said(`x${text}`) === 'ANSWER_UNREADABLE';
        return isNone && said(` \0failed\u2028${text.replace(/[^\p{Cc}\s]/gu, '')}`) === 'FAILED';
      }),
    ).toEqual([]);
  });

  it('in headers that tell a time, or an amount, is a time or none', () => {
    expect(
      wrong((text) => {
        const headers = { 'retry-after': text, 'x-rate-limit-reset-at-utc': text };
        const { retryAt, code } = refusal(answer(429, {}, headers), 'SUBMIT', key);
        return code === 'RATE_LIMITED' && (retryAt === null || Number.isFinite(retryAt.getTime()));
      }),
    ).toEqual([]);
  });

  it('in the list of past runs makes a row with what is sound in it', async () => {
    const slug = 'consistent-character';
    const told = (text: string, place: number) => ({
      request_id: place % 2 ? `.${text}` : `r-${place}`,
      model_name: slug,
      status: place % 3 ? 'COMPLETED' : text,
      parameters: place % 5 ? { seed: 7, prompt: text, [text]: text } : text,
      credits_deduction: place % 7 ? '0.085' : text,
      latency_ms: text,
      created_at: text,
      generation_url: [sound, `https://images.segmind.com/${text}`],
      error: text,
      [text]: text,
    });
    const pages = [answer(200, { data: texts.map(told) }), answer(200, { data: [] })];
    const rows = await readHistory(
      { address: 'https://api.example/generations', apiKey: key, read: async () => pages.shift() as Answer },
      { slug, from: new Date(), to: new Date() },
    );
    expect(rows).toHaveLength(texts.length);
    const isSound = (row: (typeof rows)[number], place: number) =>
      row.requestId === (place % 2 ? null : `r-${place}`) &&
      (place % 3 === 0 || row.state === 'COMPLETED') &&
      (place % 5 === 0 || row.parameters.prompt === texts[place]) &&
      (place % 7 === 0 || row.costMicros === 85_000n) &&
      row.outputUrls[0] === sound &&
      row.outputUrls.every((url) => /^[\x21-\x7e]+$/.test(url));
    expect(
      rows
        .filter((row, place) => !isSound(row, place))
        .slice(0, 5)
        .map((row) => shown({ ...row, costMicros: String(row.costMicros) })),
    ).toEqual([]);
  });
});
