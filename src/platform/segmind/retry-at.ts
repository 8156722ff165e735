import type { AnswerHeaders } from './exchange.ts';

const longestWaitMs = 60 * 60 * 1_000;

/**
 * When a refused caller may retry: by the provider's own header first, then by the standard header. A value that is no
 * time in the future is ignored. The longest wait is an hour.
 */
export function readRetryAt(headers: AnswerHeaders, now: Date): Date | null {
  const nowMs = now.getTime();
  const candidates = [
    readMoment(headers['x-rate-limit-reset-at-utc']?.trim() ?? ''),
    readRetryAfter(headers['retry-after']?.trim() ?? '', nowMs),
  ];
  const at = candidates.find((atMs) => atMs > nowMs);
  return at === undefined ? null : new Date(Math.min(at, nowMs + longestWaitMs));
}

const isoTime = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?$/i;
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * A moment in milliseconds since 1970; NaN when the text is no moment. The format is not documented, so three are read:
 * ISO text (in UTC when it names no zone), an HTTP date, and a number of seconds or milliseconds since 1970.
 */
export function readMoment(text: string): number {
  if (/^\d{1,15}(\.\d+)?$/.test(text)) return Number(text) * (Number(text) > 1e11 ? 1 : 1_000);
  const [, date, time, zone = 'Z'] = isoTime.exec(text) ?? [];
  if (date !== undefined) return Date.parse(`${date}T${time}${/^[+-]/.test(zone) ? zone : 'Z'}`);
  return httpDate.test(text) ? Date.parse(text) : Number.NaN;
}

function readRetryAfter(text: string, nowMs: number): number {
  if (/^\d{1,9}$/.test(text)) return nowMs + Number(text) * 1_000;
  return httpDate.test(text) ? Date.parse(text) : Number.NaN;
}
