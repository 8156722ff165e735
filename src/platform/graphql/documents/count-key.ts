import { type DocumentNode, Kind, visit } from 'graphql';

/** Arguments that say how many items are requested: as a number, or as a list of ids. */
export const countingArguments: readonly string[] = ['first', 'last', 'ids'];

/**
 * Makes a function that returns, as text, the part of an operation's variables that decides its size: the values of the
 * variables that are given to counting arguments, and for a list its length.
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
