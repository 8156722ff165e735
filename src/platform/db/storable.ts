/** Whether Postgres can store a text unchanged: its types hold no NUL, and half of a surrogate pair has no UTF-8. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** JSON's escapes of what `jsonb` refuses. It also matches an escaped backslash before them, which only costs time. */
const refused = /\\u(0000|d[89a-f])/;

/**
 * JSON that `jsonb` accepts, whatever text is in the value. Only for values that must be written in any case. All other
 * code refuses such text at the input.
 */
export function storableJson(value: object): string {
  const json = JSON.stringify(value);
  return refused.test(json) ? JSON.stringify(value, storable) : json;
}

function storable(_: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}
