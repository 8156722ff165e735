import { type InputPath, InputProblem } from '../../errors.ts';
import { countCharacters, isIdentity, isInvisible } from '../../text.ts';
import { isStorable } from '../db/storable.ts';

/** The most UTF-16 units of a character, on average. A character may have any number of accents, and a limit must end. */
const unitsPerCharacter = 8;

/**
 * Text from a client, checked and trimmed, in Unicode's form NFC, so that texts that look alike are equal. Refuses NUL, which
 * Postgres cannot store, and lone surrogates, which UTF-8 cannot encode. The limits count characters as people do; a text of
 * invisible characters has none. Throws InputProblem.
 */
export function checkText(
  path: InputPath,
  text: string,
  limits: { minimum?: number; maximum: number },
): string {
  const name = String(path.at(-1));
  if (!isStorable(text))
    throw new InputProblem(
      path,
      text.includes('\0')
        ? `${name} must not contain the NUL character.`
        : `${name} must be well-formed Unicode: it holds half a surrogate pair.`,
    );
  const trimmed = text.trim().normalize('NFC');
  const { minimum = 0, maximum } = limits;
  const count = isInvisible(trimmed)
    ? 0
    : trimmed.length > maximum * unitsPerCharacter
      ? Math.ceil(trimmed.length / unitsPerCharacter)
      : countCharacters(trimmed);
  if (count < minimum || count > maximum)
    throw new InputProblem(path, `${name} must have from ${minimum} to ${maximum} characters; got ${count}.`);
  return count === 0 ? '' : trimmed;
}

/**
 * The same for a text that is an identity. It is not trimmed but accepted or refused, so texts that look different stay
 * different.
 */
export function checkIdentity(path: InputPath, text: string, limits: { maximum: number }): string {
  const composed = text.isWellFormed() ? text.normalize('NFC') : text;
  if (checkText(path, text, { minimum: 1, ...limits }) === composed && isIdentity(composed)) return composed;
  throw new InputProblem(
    path,
    `${path.at(-1)} must have no blanks around it, and neither control characters nor U+FFFD in it.`,
  );
}

/** The same as checkText for a text that may be left out; an empty text counts as none. */
export function checkOptionalText(
  path: InputPath,
  text: string | null | undefined,
  maximum: number,
): string | null {
  return text == null ? null : checkText(path, text, { maximum }) || null;
}
