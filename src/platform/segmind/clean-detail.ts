import { cutText, oneLine } from '../../text.ts';

/** The most UTF-16 units of a detail that are kept. */
export const maxDetailLength = 500;

/**
 * Makes a text of the provider safe to store, show and log: well-formed, on one line, without the key, without text
 * that looks like a key, without pictures in base64, and cut to the longest length. Null when nothing is left.
 */
export function cleanDetail(text: string, apiKey: string): string | null {
  // Control characters are removed first: a key with one inside would not be found, and would be complete afterwards.
  const clean = oneLine(text)
    .replaceAll(apiKey, '[key]')
    .replace(/SG_[A-Za-z0-9]+/gi, '[key]')
    .replace(/[A-Za-z0-9+/_-]{100,}={0,2}/g, '[data]');
  return cutText(clean, maxDetailLength) || null;
}
