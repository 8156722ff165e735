import { type InputPath, InputProblem } from '../../errors.ts';

/**
 * Text from a client, checked and trimmed. Refuses NUL, which Postgres cannot store, and lone surrogates, which
 * no encoder carries. `maximum` counts characters. Throws InputProblem.
 */
export function checkText(
  path: InputPath,
  text: string,
  limits: { minimum?: number; maximum: number },
): string {
  const name = String(path.at(-1));
  if (text.includes('\0')) throw new InputProblem(path, `${name} must not contain the NUL character.`);
  if (!text.isWellFormed())
    throw new InputProblem(path, `${name} must be well-formed Unicode: it holds half a surrogate pair.`);
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

/** The same for text that may be left out; an empty one counts as none. */
export function checkOptionalText(
  path: InputPath,
  text: string | null | undefined,
  maximum: number,
): string | null {
  return text == null ? null : checkText(path, text, { maximum }) || null;
}
