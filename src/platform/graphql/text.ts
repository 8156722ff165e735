import { type InputPath, InputProblem } from '../../errors.ts';
import { isIdentity } from '../../text.ts';
import { isStorable } from '../db/storable.ts';

/**
 * Text from a client, checked and trimmed. Refuses NUL, which Postgres cannot store, and lone surrogates, which
 * UTF-8 cannot encode. `maximum` counts characters. Throws InputProblem.
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
  const trimmed = text.trim();
  const { minimum = 0, maximum } = limits;
  if (trimmed.length < minimum || trimmed.length > maximum) {
    throw new InputProblem(
      path,
      `${name} must have from ${minimum} to ${maximum} characters; got ${trimmed.length}.`,
    );
  }
  return trimmed;
}

/**
 * The same for a text that is an identity. It is not trimmed but accepted or refused, so different texts stay
 * different.
 */
export function checkIdentity(path: InputPath, text: string, limits: { maximum: number }): string {
  if (checkText(path, text, { minimum: 1, ...limits }) === text && isIdentity(text)) return text;
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
