const maxLength = 500;

/**
 * The provider's words, fit to be shown and logged: without the key, without anything shaped like one, without
 * pictures in base64, on one line and cut. Null when nothing is left.
 */
export function cleanDetail(text: string, apiKey: string): string | null {
  const clean = text
    .replaceAll(apiKey, '[key]')
    .replace(/SG_[A-Za-z0-9]+/gi, '[key]')
    .replace(/[A-Za-z0-9+/_-]{100,}={0,2}/g, '[data]')
    .replace(/\s+/g, ' ')
    .trim();
  return clean.slice(0, maxLength) || null;
}
