/*
 * Calendar days, as text such as "2026-11-01"; imports nothing.
 */

/** The length of a day in UTC, where all days have the same length. */
export const dayMs = 86_400_000;

/** The UTC day of a moment. */
export function dayText(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/** The day that is `count` days later. */
export function addDays(day: string, count: number): string {
  return dayText(new Date(Date.parse(day) + count * dayMs));
}

/** The number of days from `from` to `to`, both included; 0 or less when `to` is earlier. */
export function countDays(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / dayMs + 1;
}

/**
 * Whether the year of a moment is 1 to 9999: Postgres has no year 0, and a text of a day has four digits for the year.
 */
export function hasFourDigitYear(at: Date): boolean {
  const year = at.getUTCFullYear();
  return year >= 1 && year <= 9_999;
}
