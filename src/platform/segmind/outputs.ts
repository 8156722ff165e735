/** A picture as it was delivered. */
export type Output =
  | { readonly kind: 'BYTES'; readonly bytes: Buffer }
  | { readonly kind: 'URL'; readonly url: string };

/** The members in which pictures come, in the order they are looked at: `output` may be only the first of `images`. */
const members = ['images', 'output', 'image', 'data', 'image_url', 'url', 'output_url'] as const;

/** Deeper than any answer that was ever seen (`data` holding objects with `images` of objects with `url`). */
const maxDepth = 6;

/** Every picture in a JSON answer, in the provider's order; empty when there is none. */
export function readOutputs(value: unknown, depth = 0): Output[] {
  if (depth > maxDepth || value === null || value === undefined) return [];
  if (typeof value === 'string') return readText(value.trim());
  if (Array.isArray(value)) return value.flatMap((each) => readOutputs(each, depth + 1));
  if (typeof value !== 'object') return [];
  for (const member of members) {
    const outputs = member in value ? readOutputs(Reflect.get(value, member), depth + 1) : [];
    if (outputs.length > 0) return outputs;
  }
  return [];
}

/** A URL, or base64 with or without a data URI around it. A word that decodes to no picture is none. */
function readText(text: string): Output[] {
  if (/^https?:\/\//i.test(text)) return URL.canParse(text) ? [{ kind: 'URL', url: text }] : [];
  const bytes = Buffer.from(text.replace(/^data:[^,]{0,200},/i, ''), 'base64');
  return isPicture(bytes) ? [{ kind: 'BYTES', bytes }] : [];
}

/** Whether bytes begin like a picture (JPEG, PNG, WebP, GIF, AVIF), whatever the header calls them. */
export function isPicture(bytes: Buffer): boolean {
  const head = bytes.subarray(0, 12).toString('latin1');
  return /^(\xff\xd8\xff|\x89PNG\r\n|RIFF[\s\S]{4}WEBP|GIF8[79]a|[\s\S]{4}ftypavi[fs])/.test(head);
}
