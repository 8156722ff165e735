import { fromFirstVisible } from '../../text.ts';

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

/** Bytes that begin like no picture: an output only where others of the same list are. */
type Found = Output | { readonly kind: 'UNKNOWN'; readonly bytes: Buffer };

/**
 * Every picture in a JSON answer, in the provider's order; empty when none of them can be had. In a list with pictures the
 * bytes of the other items count as well: they were paid for like their siblings.
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

/** A URL, or base64 with or without a data URI around it. A word that decodes to no picture is none. */
function readText(text: string): Found[] {
  const visible = fromFirstVisible(text);
  if (/^https?:\/\//i.test(visible)) return [{ kind: 'URL', url: readUrl(text) }];
  const base64 = visible.trimEnd().replace(/^data:[^,]{0,200},/i, '');
  const bytes = Buffer.from(base64, 'base64');
  if (isPicture(bytes)) return [{ kind: 'BYTES', bytes }];
  return /^[A-Za-z0-9+/_\s-]{40,}={0,2}$/.test(base64) ? [{ kind: 'UNKNOWN', bytes }] : [];
}

/** The URL as a request spells it: `href` is ASCII, whatever characters the text holds. */
function readUrl(text: string): string {
  const href = URL.parse(text)?.href ?? noUrl;
  return href.length <= maxUrlLength ? href : noUrl;
}

function isUsable(found: Found): boolean {
  return found.kind === 'BYTES' || (found.kind === 'URL' && found.url !== noUrl);
}

/** JPEG, PNG, WebP, GIF, TIFF; AVIF and HEIC, which may name the family (`mif1`, `msf1`, `miaf`) first; SVG. */
const pictureStarts =
  /^(\xff\xd8\xff|\x89PNG\r\n|RIFF[\s\S]{4}WEBP|GIF8[79]a|II\*\0|MM\0\*|[\s\S]{4}ftyp(avi[fs]|hei[cx]|mif1|msf1|miaf)|\s*(<\?xml[^>]*>\s*)?<svg[\s>])/;

/** Whether bytes begin like a picture, whatever the header calls them. */
export function isPicture(bytes: Buffer): boolean {
  return pictureStarts.test(bytes.subarray(0, 256).toString('latin1'));
}
