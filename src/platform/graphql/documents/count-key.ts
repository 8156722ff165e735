import { type DocumentNode, Kind, visit } from 'graphql';

/** Arguments that tell how many items are asked for: a number, or a list of which. */
export const countingArguments: readonly string[] = ['first', 'last', 'ids'];

/**
 * What of an operation's variables decides how large it is, as text: of those that stand where a number of items does,
 * the number, or how many there are.
 */
export function createCountKey(
  document: DocumentNode,
): (variables: Readonly<Record<string, unknown>>) => string {
  const names = new Set<string>();
  visit(document, {
    Argument({ name, value }) {
      if (value.kind === Kind.VARIABLE && countingArguments.includes(name.value)) names.add(value.name.value);
    },
  });
  const counting = [...names];
  return (variables) =>
    counting
      .map((name) => {
        const given = variables[name];
        return typeof given === 'number' ? given : Array.isArray(given) ? `${given.length} of` : typeof given;
      })
      .join();
}
