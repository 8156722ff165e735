import { InputProblem } from '../../errors.ts';
import { checkOptionalText, checkText } from '../../platform/graphql/text.ts';

/** The fields of a character that a client writes. */
interface CharacterFields {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly appearance?: string | null;
  readonly negativePrompt?: string | null;
  readonly tags?: readonly string[] | null;
}

/** Checks the fields that are given; the result has only these. Throws InputProblem. */
export function checkCharacter(input: CharacterFields) {
  const path = (field: string) => ['input', field];
  const checked: {
    name?: string;
    description?: string | null;
    appearance?: string | null;
    negativePrompt?: string | null;
    tags?: string[];
  } = {};
  if (input.name !== undefined) {
    checked.name = checkText(path('name'), input.name ?? '', { minimum: 1, maximum: 200 });
  }
  for (const [field, maximum] of [
    ['description', 5_000],
    ['appearance', 2_000],
    ['negativePrompt', 2_000],
  ] as const) {
    if (input[field] !== undefined) checked[field] = checkOptionalText(path(field), input[field], maximum);
  }
  if (input.tags !== undefined) {
    const tags = input.tags ?? [];
    if (tags.length > 50)
      throw new InputProblem(path('tags'), `tags must have at most 50 items; got ${tags.length}.`);
    const texts = tags.map((tag, index) =>
      checkText(['input', 'tags', index], tag, { minimum: 1, maximum: 50 }),
    );
    checked.tags = [...new Set(texts)];
  }
  return checked;
}
