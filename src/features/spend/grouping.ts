/** The dimensions by which spending can be grouped. */
export const spendGroupings = [
  'DAY',
  'WEEK',
  'MONTH',
  'PROJECT',
  'MODEL',
  'CHARACTER',
  'MEMBER',
  'API_KEY',
  'STATUS',
] as const;
export type SpendGrouping = (typeof spendGroupings)[number];
