import type { AnswerHeaders } from './exchange.ts';

const longestWaitMs = 60 * 60 * 1_000;

/**
 * When a refused caller may come again: the provider's own header first, then the standard one. What is neither a
 * time nor in the future is ignored; nobody waits longer than an hour.
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
 * A moment in milliseconds; NaN when it is none. The format is not documented: ISO text, UTC where it names no zone,
 * or an epoch in seconds or milliseconds.
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
