import { describe, expect, it } from '@jest/globals';
import type { Answer } from '../../../src/platform/segmind/exchange.ts';
import { readResult, readStatus } from '../../../src/platform/segmind/read-result.ts';
import { SegmindError } from '../../../src/platform/segmind/segmind-error.ts';

const key = 'SG_0123456789abcdef';
const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const a = 'https://images.segmind.com/a.png';

function answer(httpStatus: number, body: unknown, headers: Answer['headers'] = {}): Answer {
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { httpStatus, headers, bytes };
}

function failure(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}

describe('readResult', () => {
  it.each<[string, number, unknown, string, string, string]>([
    ['an empty answer', 200, '', 'ANSWER_UNREADABLE', 'UNCERTAIN', 'RETRY'],
    ['HTML', 200, '<html>hello</html>', 'ANSWER_UNREADABLE', 'UNCERTAIN', 'RETRY'],
    ['JSON cut short', 200, `{"output":"${a}`, 'ANSWER_UNREADABLE', 'UNCERTAIN', 'RETRY'],
    ['a JSON string', 200, `"${a}"`, 'ANSWER_UNREADABLE', 'UNCERTAIN', 'RETRY'],
    ['a JSON error', 200, { error: 'No GPU' }, 'ANSWER_INVALID', 'UNCERTAIN', 'REFUSED'],
    ['an error with a link', 200, { error: 'No GPU', url: a }, 'ANSWER_INVALID', 'UNCERTAIN', 'REFUSED'],
    ['a message', 200, { message: 'No GPU' }, 'ANSWER_INVALID', 'UNCERTAIN', 'REFUSED'],
    ['no output', 200, { status: 'COMPLETED' }, 'ANSWER_INVALID', 'UNCERTAIN', 'REFUSED'],
    [
      'output of a wrong type',
      200,
      { status: 'COMPLETED', output: 7 },
      'ANSWER_INVALID',
      'UNCERTAIN',
      'REFUSED',
    ],
    ['a picture under an error status', 502, png, 'BAD_GATEWAY', 'UNCERTAIN', 'RETRY'],
    ['a picture in JSON under an error status', 500, { image: a }, 'SERVER_ERROR', 'UNCERTAIN', 'RETRY'],
  ])('refuses %s', (_, httpStatus, body, code, submit, read) => {
    const got = answer(httpStatus, body);
    expect(failure(() => readResult(got, 'SUBMIT', key))).toMatchObject({
      code,
      meaning: submit,
      httpStatus,
    });
    expect(failure(() => readResult(got, 'READ', key))).toMatchObject({ code, meaning: read, httpStatus });
  });

  it.each<[string, unknown]>([
    ['JSON', { status: 'COMPLETED', output: 7, told: key }],
    ['JSON cut short', `{"output":"${key}`],
    ['bytes of another kind', Buffer.from('BM and so on', 'latin1')],
  ])('brings along an answer that says success and has no picture, without the key: %s', (_, body) => {
    const got = answer(200, body);
    const expected = got.bytes.toString('latin1').replace(key, '[key]');
    for (const call of ['SUBMIT', 'READ'] as const) {
      const error = failure(() => readResult(got, call, key));
      if (!(error instanceof SegmindError)) throw new Error('It was expected to fail.');
      expect(error.answer?.toString('latin1')).toBe(expected);
      // A log line holds what is enumerable.
      expect(JSON.stringify({ ...error })).not.toContain('and so on');
      expect(Object.keys(error)).not.toContain('answer');
    }
  });

  it('brings along no answer that says failure', () => {
    expect(failure(() => readResult(answer(502, 'x'), 'READ', key))).toMatchObject({ answer: null });
  });

  it.each([200, 422, 500])('tells a failed job by its body (HTTP %i)', (httpStatus) => {
    const body = { status: 'FAILED', error: `Bad ${key}`, url: a };
    expect(failure(() => readResult(answer(httpStatus, body), 'READ', key))).toMatchObject({
      code: 'JOB_FAILED',
      meaning: 'REFUSED',
      detail: 'Bad [key]',
    });
  });

  it.each(['QUEUED', 'PROCESSING'])('tells a job that is still %s', (status) => {
    const body = { status, request_id: 'r', metrics: {} };
    expect(failure(() => readResult(answer(200, body), 'READ', key))).toMatchObject({
      code: 'NOT_FINISHED',
      meaning: 'RETRY',
    });
  });

  it.each(['image/png', 'image/jpeg', 'application/json', 'text/html', undefined])(
    'reads bytes and headers under the content type %s',
    (contentType) => {
      const headers = {
        'content-type': contentType,
        'x-remaining-credits': '9.942',
        'x-cost': '0.058',
        'x-generation-time': '31.06',
        'x-request-id': 'abc-1',
        'x-seed-value': '4898558797',
      };
      expect(readResult(answer(200, png, headers), 'SUBMIT', key)).toEqual({
        outputs: [{ kind: 'BYTES', bytes: png }],
        metrics: {
          costMicros: 58_000n,
          remainingCreditsMicros: 9_942_000n,
          inferenceSeconds: 31.06,
          queueSeconds: null,
          totalSeconds: null,
        },
        seed: 4_898_558_797,
        requestId: 'abc-1',
      });
    },
  );

  it('reads JSON under a content type that says picture, and the seed from the header', () => {
    const headers = { 'content-type': 'image/png', 'x-seed-value': '7', 'x-cost': '0.1' };
    const result = readResult(answer(200, { image: png.toString('base64') }, headers), 'SUBMIT', key);
    expect(result).toMatchObject({ outputs: [{ kind: 'BYTES', bytes: png }], seed: 7 });
    expect(result.metrics.costMicros).toBe(100_000n);
  });

  it('reads a completed job, whatever its HTTP status', () => {
    const body = {
      status: 'COMPLETED',
      error: null,
      request_id: 'r1',
      output: a,
      images: [{ url: a }, { url: `${a}?2` }],
      seed: '42',
      metrics: {
        cost: 0.05,
        remaining_credits: '12.5',
        inference_time: 13.96,
        queue_time: 0.5,
        total_time: 15,
      },
    };
    const result = {
      outputs: [
        { kind: 'URL', url: a },
        { kind: 'URL', url: `${a}?2` },
      ],
      metrics: {
        costMicros: 50_000n,
        remainingCreditsMicros: 12_500_000n,
        inferenceSeconds: 13.96,
        queueSeconds: 0.5,
        totalSeconds: 15,
      },
      seed: 42,
      requestId: 'r1',
    };
    expect(readResult(answer(200, body), 'READ', key)).toEqual(result);
    expect(readResult(answer(422, body), 'READ', key)).toEqual(result);
  });

  it('does not let nonsense beside the pictures spoil them', () => {
    const body = {
      status: 7,
      error: false,
      request_id: '../x',
      output: a,
      seed: 1e300,
      metrics: { cost: -1, remaining_credits: {}, inference_time: 'fast', queue_time: -1, total_time: null },
    };
    expect(readResult(answer(200, body), 'READ', key)).toEqual({
      outputs: [{ kind: 'URL', url: a }],
      metrics: {
        costMicros: null,
        remainingCreditsMicros: null,
        inferenceSeconds: null,
        queueSeconds: null,
        totalSeconds: null,
      },
      seed: null,
      requestId: null,
    });
  });
});

describe('readStatus', () => {
  it.each<[string, number, unknown, string, string]>([
    ['no state', 200, { request_id: 'r' }, 'ANSWER_UNREADABLE', 'RETRY'],
    ['an unknown state', 200, { status: 'CANCELLED' }, 'ANSWER_UNREADABLE', 'RETRY'],
    ['no JSON', 200, 'ok', 'ANSWER_UNREADABLE', 'RETRY'],
    ['a running job under an error', 502, { status: 'PROCESSING' }, 'BAD_GATEWAY', 'RETRY'],
    ['an unknown request', 404, { error: 'Request r not found' }, 'REQUEST_NOT_FOUND', 'RETRY'],
    ['a gateway page', 404, '<html>', 'UNEXPECTED_STATUS', 'RETRY'],
    ['a validation error', 422, { error: 'bad' }, 'JOB_FAILED', 'REFUSED'],
  ])('refuses %s', (_, httpStatus, body, code, meaning) => {
    const error = failure(() => readStatus(answer(httpStatus, body), key));
    expect(error).toMatchObject({ code, meaning, httpStatus });
  });

  it.each(['QUEUED', 'PROCESSING', 'COMPLETED'])('reads %s', (state) => {
    const status = readStatus(answer(200, { status: state, metrics: {} }), key);
    expect(status).toMatchObject({ state, error: null });
  });

  it.each([200, 422, 500])('reads a failure under HTTP %i, without the key in its words', (httpStatus) => {
    const body = { status: 'failed', error: `Prompt is required, ${key}`, metrics: { queue_time: 0.025989 } };
    const status = readStatus(answer(httpStatus, body), key);
    expect(status).toMatchObject({ state: 'FAILED', error: 'Prompt is required, [key]' });
    expect(status.metrics).toMatchObject({ costMicros: null, queueSeconds: 0.025989 });
  });

  it.each([
    [{ message: 'policy' }, 'policy'],
    [{ detail: 'policy' }, 'policy'],
    [{ error: { code: 'content_policy_violation' } }, '{"code":"content_policy_violation"}'],
    [{}, null],
  ])('finds the words in %p', (words, error) => {
    expect(readStatus(answer(422, { status: 'FAILED', ...words }), key).error).toBe(error);
  });
});
