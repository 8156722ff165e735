/** Whether Postgres gives a text back as it was: its types hold no NUL, and half of a surrogate pair has no UTF-8. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** How JSON spells what `jsonb` refuses. It also matches where a backslash stands before it, which only costs time. */
const refused = /\\u(0000|d[89a-f])/;

/**
 * JSON that `jsonb` takes, whatever text is in the value. Only for what must be written in any case: everything else
 * refuses such text where it comes in.
 */
export function storableJson(value: object): string {
  const json = JSON.stringify(value);
  return refused.test(json) ? JSON.stringify(value, storable) : json;
}

function storable(_: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}
