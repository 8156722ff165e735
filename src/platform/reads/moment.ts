import { hasFourDigitYear } from '../../days.ts';

/**
 * Postgres' `2026-11-01 12:00:00.5+00` as `2026-11-01T12:00:00.500Z`. The reader's sessions are in UTC, and no column of
 * ours is finer than milliseconds.
 */
export function isoTime(text: string): string {
  const fraction = text.length > 22 ? text.slice(20, -3) : '';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0')}Z`;
}

/** Whether this is what `isoTime` writes. Dates that there are not, like 30 February, JavaScript takes for later ones. */
export function isMoment(iso: string): boolean {
  const at = new Date(iso);
  return hasFourDigitYear(at) && at.toISOString() === iso;
}
