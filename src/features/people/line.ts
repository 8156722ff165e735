/** A line of a person's file. */
export interface Line {
  /** The kind of data that the line has. */
  readonly kind: string;
  readonly [name: string]: unknown;
}

/** A line with values that JSON can carry: amounts and other large numbers become text. */
export function lineOf(kind: string, facts: Readonly<Record<string, unknown>>): Line {
  const values = Object.entries(facts).map(([name, value]) => [
    name,
    typeof value === 'bigint' ? value.toString() : value,
  ]);
  return { kind, ...Object.fromEntries(values) };
}
