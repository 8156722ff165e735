/*
 * The rules for text from outside: from the provider, a token, a header or a client. Imports nothing.
 *
 * Postgres refuses NUL and half a surrogate pair, and a run whose row is refused would never end. So the rule is
 * written once, here. A text that identifies something (a subject, an issuer, a key id, a request id, an idempotency
 * key) is accepted unchanged or refused, because a repair could make two users one. Prose is repaired: one line,
 * well-formed, no control characters, cut between code points. So a run ends as the provider says, also when its
 * message is malformed.
 */

/**
 * Characters that a text on one line never needs: control characters (C0, DEL and C1), the line and paragraph
 * separators, and the bidirectional overrides and isolates, which reorder the text around them.
 */
const controls = '\\p{Cc}\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069';
const anyControl = new RegExp(`[${controls}]`, 'u');
const blanks = new RegExp(`[\\s${controls}]+`, 'gu');
/** A decoder writes this character for bytes that it cannot read, so two different texts may have become equal. */
const replacementCharacter = '\ufffd';

/**
 * Whether a text may identify something: a user, a key, a request. Two such texts that differ also differ in UTF-8. Any
 * other text is refused and never repaired, because a repair could make it equal to another text.
 */
export function isIdentity(text: string): boolean {
  return text.isWellFormed() && !anyControl.test(text) && !text.includes(replacementCharacter);
}

/** The same words on one line, well-formed and without control characters. For prose only. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(blanks, ' ').trim();
}

/**
 * A text from its first visible character on. So JSON, HTML or an address, which a program recognises by its
 * beginning, is also recognised after blanks, control characters and a byte order mark.
 */
export function fromFirstVisible(text: string): string {
  return text.replace(/^[\s\p{Cc}]+/u, '');
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The number of characters as people count them: a family of emoji, or a letter with its accents, is one. */
export function countCharacters(text: string): number {
  if (isAscii.test(text)) return text.length;
  let count = 0;
  for (const _ of graphemes.segment(text)) count += 1;
  return count;
}

const isAscii = /^[\x20-\x7e]*$/;
/** What takes no place on the screen, and the blank of Braille. */
const invisible = /^[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** Whether no part of a text can be seen. */
export function isInvisible(text: string): boolean {
  return invisible.test(text);
}

/** At most `maximum` UTF-16 units of a text, cut between two code points. */
export function cutText(text: string, maximum: number): string {
  return text.slice(0, maximum).replace(/[\ud800-\udbff]$/, '');
}

/** Prose from outside in a form that can be stored, shown and logged. */
export function cleanText(text: string, maximum: number): string {
  return cutText(oneLine(text), maximum);
}
