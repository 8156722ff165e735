/*
 * Calendar days, as text such as "2026-11-01"; imports nothing.
 */

/** UTC knows days of one length only. */
export const dayMs = 86_400_000;

/** The day that a moment lies in. */
export function dayText(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/** The day that comes so many days later. */
export function addDays(day: string, count: number): string {
  return dayText(new Date(Date.parse(day) + count * dayMs));
}

/** How many days there are from one to another, both included; 0 or less when the other is earlier. */
export function countDays(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / dayMs + 1;
}

/** Whether it has four digits of year both here and in Postgres, for which there is no year 0. */
export function hasFourDigitYear(at: Date): boolean {
  const year = at.getUTCFullYear();
  return year >= 1 && year <= 9_999;
}
