import { type DocumentNode, Kind, type ValueNode, visit } from 'graphql';

/** Arguments that say how many items are requested: as a number, or as a list of ids. */
export const countingArguments: readonly string[] = ['first', 'last', 'ids'];

/** The longest text of values on which a price depends. Longer values are measured each time. */
const longestPriced = 300;

/**
 * Makes a function that returns, as text, the part of an operation's variables that decides its cost: the values of the
 * variables that are given to counting arguments, for a list its length; and the whole values of the variables that are
 * given, at any depth, to arguments on which a price depends. Null when these are too long to be kept.
 */
export function createCountKey(
  document: DocumentNode,
  pricing: ReadonlySet<string>,
): (variables: Readonly<Record<string, unknown>>) => string | null {
  const counting = new Set<string>();
  const priced = new Set<string>();
  visit(document, {
    Argument({ name, value }) {
      if (value.kind === Kind.VARIABLE && countingArguments.includes(name.value))
        counting.add(value.name.value);
      else if (pricing.has(name.value)) for (const variable of variablesIn(value)) priced.add(variable);
    },
  });
  return (variables) => {
    const counts = [...counting].map((name) => {
      const given = variables[name];
      return typeof given === 'number' ? given : Array.isArray(given) ? `${given.length} of` : typeof given;
    });
    if (priced.size === 0) return counts.join();
    const prices = JSON.stringify([...priced].map((name) => [variables[name]]));
    return prices.length > longestPriced ? null : `${counts.join()} ${prices}`;
  };
}

function variablesIn(value: ValueNode): string[] {
  const names: string[] = [];
  visit(value, { Variable: ({ name }) => void names.push(name.value) });
  return names;
}
