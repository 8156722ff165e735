/** A picture as it was delivered. */
export type Output =
  | { readonly kind: 'BYTES'; readonly bytes: Buffer }
  | { readonly kind: 'URL'; readonly url: string };

/** The members in which pictures come, in the order they are looked at: `output` may be only the first of `images`. */
const members = ['images', 'output', 'image', 'data', 'image_url', 'url', 'output_url'] as const;

/** Deeper than any answer that was ever seen (`data` holding objects with `images` of objects with `url`). */
const maxDepth = 6;

/** Stands for a URL that cannot be used. Its download is refused, so the output becomes a problem of its run. */
const noUrl = 'about:invalid';
/** Longer than any signed address. */
export const maxUrlLength = 8_192;

/** Every picture in a JSON answer, in the provider's order; empty when none of them can be fetched. */
export function readOutputs(answer: unknown): Output[] {
  const outputs = findOutputs(answer, 0);
  return outputs.some(isUsable) ? outputs : [];
}

/** The same, also when none of them can be fetched. */
function findOutputs(value: unknown, depth: number): Output[] {
  if (depth > maxDepth || value === null || value === undefined) return [];
  if (typeof value === 'string') return readText(value);
  if (Array.isArray(value)) return value.flatMap((each) => findOutputs(each, depth + 1));
  if (typeof value !== 'object') return [];
  let unusable: Output[] = [];
  for (const member of members) {
    const outputs = member in value ? findOutputs(Reflect.get(value, member), depth + 1) : [];
    if (outputs.some(isUsable)) return outputs;
    if (unusable.length === 0) unusable = outputs;
  }
  return unusable;
}

/** A URL, or base64 with or without a data URI around it. A word that decodes to no picture is none. */
function readText(text: string): Output[] {
  if (/^[\s\p{Cc}]*https?:\/\//iu.test(text)) return [{ kind: 'URL', url: readUrl(text) }];
  const bytes = Buffer.from(text.trim().replace(/^data:[^,]{0,200},/i, ''), 'base64');
  return isPicture(bytes) ? [{ kind: 'BYTES', bytes }] : [];
}

/** The URL as a request spells it: `href` is ASCII, whatever characters the text holds. */
function readUrl(text: string): string {
  const href = URL.parse(text)?.href ?? noUrl;
  return href.length <= maxUrlLength ? href : noUrl;
}

function isUsable(output: Output): boolean {
  return output.kind === 'BYTES' || output.url !== noUrl;
}

/** Whether bytes begin like a picture (JPEG, PNG, WebP, GIF, AVIF), whatever the header calls them. */
export function isPicture(bytes: Buffer): boolean {
  const head = bytes.subarray(0, 12).toString('latin1');
  return /^(\xff\xd8\xff|\x89PNG\r\n|RIFF[\s\S]{4}WEBP|GIF8[79]a|[\s\S]{4}ftypavi[fs])/.test(head);
}
