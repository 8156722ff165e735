import { describe, expect, it } from '@jest/globals';
import { isRouteRefused, statusMeaning } from '../../../src/platform/segmind/status-meaning.ts';

/** Status, code, and what it means for a submit, a read, an upload. */
const table: [number, string, string, string, string][] = [
  [301, 'REDIRECTED', 'REFUSED', 'REFUSED', 'REFUSED'],
  [302, 'REDIRECTED', 'UNCERTAIN', 'REFUSED', 'RETRY'],
  [303, 'REDIRECTED', 'UNCERTAIN', 'REFUSED', 'RETRY'],
  [307, 'REDIRECTED', 'REFUSED', 'REFUSED', 'REFUSED'],
  [308, 'REDIRECTED', 'REFUSED', 'REFUSED', 'REFUSED'],
  [400, 'BAD_REQUEST', 'REFUSED', 'REFUSED', 'REFUSED'],
  [401, 'UNAUTHORIZED', 'REFUSED', 'RETRY', 'REFUSED'],
  [402, 'NO_CREDITS', 'REFUSED', 'RETRY', 'REFUSED'],
  [403, 'FORBIDDEN', 'REFUSED', 'RETRY', 'REFUSED'],
  [405, 'METHOD_NOT_ALLOWED', 'REFUSED', 'REFUSED', 'REFUSED'],
  [406, 'NOT_ACCEPTABLE', 'REFUSED', 'REFUSED', 'REFUSED'],
  [410, 'GONE', 'REFUSED', 'REFUSED', 'REFUSED'],
  [413, 'TOO_LARGE', 'REFUSED', 'REFUSED', 'REFUSED'],
  [422, 'JOB_FAILED', 'REFUSED', 'REFUSED', 'REFUSED'],
  [429, 'RATE_LIMITED', 'RETRY', 'RETRY', 'RETRY'],
  [500, 'SERVER_ERROR', 'UNCERTAIN', 'RETRY', 'RETRY'],
  [502, 'BAD_GATEWAY', 'UNCERTAIN', 'RETRY', 'RETRY'],
  [503, 'UNAVAILABLE', 'UNCERTAIN', 'RETRY', 'RETRY'],
  [504, 'GATEWAY_TIMEOUT', 'UNCERTAIN', 'RETRY', 'RETRY'],
  [304, 'UNEXPECTED_STATUS', 'UNCERTAIN', 'RETRY', 'RETRY'],
  [408, 'UNEXPECTED_STATUS', 'UNCERTAIN', 'RETRY', 'RETRY'],
  [418, 'UNEXPECTED_STATUS', 'UNCERTAIN', 'RETRY', 'RETRY'],
  [520, 'UNEXPECTED_STATUS', 'UNCERTAIN', 'RETRY', 'RETRY'],
];

describe('statusMeaning', () => {
  it.each(table)('%i is %s: submit %s, read %s, upload %s', (httpStatus, code, submit, read, upload) => {
    expect(statusMeaning(httpStatus, 'SUBMIT', '{}')).toEqual({ code, meaning: submit });
    expect(statusMeaning(httpStatus, 'READ', '{}')).toEqual({ code, meaning: read });
    expect(statusMeaning(httpStatus, 'UPLOAD', '{}')).toEqual({ code, meaning: upload });
    expect(statusMeaning(httpStatus, 'DOWNLOAD', '{}')).toEqual({
      code: code === 'REDIRECTED' ? 'OUTPUT_REFUSED' : code,
      meaning: read,
    });
  });

  it('tells what a 404 did not find', () => {
    const text = '{"error":"Request 1 not found"}';
    expect(statusMeaning(404, 'SUBMIT', text)).toEqual({ code: 'MODEL_NOT_FOUND', meaning: 'REFUSED' });
    expect(statusMeaning(404, 'READ', text)).toEqual({ code: 'REQUEST_NOT_FOUND', meaning: 'RETRY' });
    expect(statusMeaning(404, 'DOWNLOAD', '<html>')).toEqual({ code: 'OUTPUT_NOT_FOUND', meaning: 'RETRY' });
    expect(statusMeaning(404, 'UPLOAD', text)).toEqual({ code: 'UNEXPECTED_STATUS', meaning: 'REFUSED' });
    // A gateway's page does not say that a paid job is gone.
    expect(statusMeaning(404, 'READ', '<html>')).toEqual({ code: 'UNEXPECTED_STATUS', meaning: 'RETRY' });
  });

  it.each([
    ['Invalid content type', 'NOT_ACCEPTABLE'],
    ['Inputs which are supposed to be numbers are in alphabet', 'NOT_ACCEPTABLE'],
    ['Insufficient credits. You have 0.0 credits.', 'NO_CREDITS'],
    ['Your balance is below the cost of this model', 'NO_CREDITS'],
    ['Monthly spend limit of $50 reached', 'NO_CREDITS'],
  ])('406 "%s" is %s', (text, code) => {
    expect(statusMeaning(406, 'SUBMIT', text)).toEqual({ code, meaning: 'REFUSED' });
    expect(statusMeaning(400, 'SUBMIT', text).code).toBe('BAD_REQUEST');
  });
});

describe('isRouteRefused', () => {
  it.each<[number, string, boolean]>([
    [404, '{"error":"Model not found"}', false],
    [400, '{"error":"Prompt is Mandatory and must be string"}', false],
    [403, '<html>Forbidden</html>', false],
    [500, '<html>Internal</html>', false],
    [405, '<html>Method Not Allowed</html>', true],
    [405, '{"error":"Method Not Allowed"}', true],
    [404, '<html>Not Found</html>', true],
    [404, '', true],
    [404, '{"error":"Incorrect or Missing host header"}', true],
    [400, 'Incorrect or Missing host header', true],
  ])('%i %s: %p', (httpStatus, text, is) => {
    expect(isRouteRefused(httpStatus, text)).toBe(is);
  });
});
