import { fromFirstVisible } from '../../text.ts';

/** A picture as it was delivered. */
export type Output =
  | { readonly kind: 'BYTES'; readonly bytes: Buffer }
  | { readonly kind: 'URL'; readonly url: string };

/** The members in which pictures come, in the order of the search: `output` may be only the first of `images`. */
const members = ['images', 'output', 'image', 'data', 'image_url', 'url', 'output_url'] as const;

/** Deeper than any known answer (`data` holding objects with `images` of objects with `url`). */
const maxDepth = 6;

/** Replaces a URL that cannot be used. Its download is refused, so the output becomes a problem of its run. */
const noUrl = 'about:invalid';
/** Longer than any signed address. */
export const maxUrlLength = 8_192;

/**
 * UNKNOWN: bytes that do not begin like a picture. They count as an output only beside usable outputs of the same list.
 */
type Found = Output | { readonly kind: 'UNKNOWN'; readonly bytes: Buffer };

/**
 * Every picture in a JSON answer, in the provider's order; empty when none can be used. In a list with pictures the
 * bytes of the other items count also, because they were paid for like the pictures.
 */
export function readOutputs(answer: unknown): Output[] {
  const outputs = gather(answer, 0).filter(isOutput);
  return outputs.some(isUsable) ? outputs : [];
}

function isOutput(found: Found): found is Output {
  return found.kind !== 'UNKNOWN';
}

function gather(value: unknown, depth: number): Found[] {
  if (depth > maxDepth || value === null || value === undefined) return [];
  if (typeof value === 'string') return readText(value);
  if (Array.isArray(value)) {
    const items = value.flatMap((each) => gather(each, depth + 1));
    return items.some(isUsable)
      ? items.map((item) => (isOutput(item) ? item : { kind: 'BYTES', bytes: item.bytes }))
      : items;
  }
  if (typeof value !== 'object') return [];
  let unusable: Found[] = [];
  for (const member of members) {
    const found = member in value ? gather(Reflect.get(value, member), depth + 1) : [];
    if (found.some(isUsable)) return found;
    if (unusable.length === 0) unusable = found;
  }
  return unusable;
}

/** Reads a URL, or base64 with or without a data URI. A short text that decodes to no picture is no output. */
function readText(text: string): Found[] {
  const visible = fromFirstVisible(text);
  if (/^https?:\/\//i.test(visible)) return [{ kind: 'URL', url: readUrl(text) }];
  const base64 = visible.trimEnd().replace(/^data:[^,]{0,200},/i, '');
  const bytes = Buffer.from(base64, 'base64');
  if (isPicture(bytes)) return [{ kind: 'BYTES', bytes }];
  return /^[A-Za-z0-9+/_\s-]{40,}={0,2}$/.test(base64) ? [{ kind: 'UNKNOWN', bytes }] : [];
}

/** The URL in the form of a request: `href` is ASCII, whatever characters the text has. */
function readUrl(text: string): string {
  const href = URL.parse(text)?.href ?? noUrl;
  return href.length <= maxUrlLength ? href : noUrl;
}

function isUsable(found: Found): boolean {
  return found.kind === 'BYTES' || (found.kind === 'URL' && found.url !== noUrl);
}

/** JPEG, PNG, WebP, GIF, TIFF, SVG, and AVIF and HEIC, which may name the family (`mif1`, `msf1`, `miaf`) first. */
const pictureStarts =
  /^(\xff\xd8\xff|\x89PNG\r\n|RIFF[\s\S]{4}WEBP|GIF8[79]a|II\*\0|MM\0\*|[\s\S]{4}ftyp(avi[fs]|hei[cx]|mif1|msf1|miaf)|\s*(<\?xml[^>]*>\s*)?<svg[\s>])/;

/** Whether bytes begin like a picture. The content type in the header is not used. */
export function isPicture(bytes: Buffer): boolean {
  return pictureStarts.test(bytes.subarray(0, 256).toString('latin1'));
}
