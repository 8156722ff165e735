/** A line of a person's file. */
export interface Line {
  /** What it tells of. */
  readonly kind: string;
  readonly [name: string]: unknown;
}

/** A line as JSON carries it: money and other large numbers as text, names of amounts as they are. */
export function lineOf(kind: string, told: Readonly<Record<string, unknown>>): Line {
  const values = Object.entries(told).map(([name, value]) => [
    name,
    typeof value === 'bigint' ? value.toString() : value,
  ]);
  return { kind, ...Object.fromEntries(values) };
}
