import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  isObjectType,
  Kind,
  valueFromASTUntyped,
} from 'graphql';

/** Values by name. They come from a client, and are not validated yet. */
type Values = Readonly<Record<string, unknown>>;
/** A field's price in points, from its arguments with their defaults. Pure. */
export type Price = (args: Values) => number;

/** Whether the extension `points` of a definition is a price. Only our own definitions have this extension. */
function isPrice(points: unknown): points is Price {
  return typeof points === 'function';
}

/** The points of a field by the extension `points` of its definition: a number or a price; null when there is none. */
export function pointsOf(
  field: GraphQLField<unknown, unknown> | undefined,
  node: FieldNode,
  variables: Values,
): number | null {
  const points = field?.extensions.points;
  if (typeof points === 'number') return points;
  if (!field || !isPrice(points)) return null;
  const args = field.args.map(({ name, defaultValue }) => {
    const value = node.arguments?.find((each) => each.name.value === name)?.value;
    const written = value && valueFromASTUntyped(value, variables);
    return [name, written === undefined ? defaultValue : written];
  });
  return points(Object.fromEntries(args));
}

/**
 * The value of a variable that is left out and has different defaults in several operations. Fragments are measured once
 * for all operations, so the value is not known. It is an object, because no priced argument has such a value.
 */
const unknownValue = Object.freeze({});

/** The variables of a request, with the defaults of those that are left out. */
export function withDefaults(document: DocumentNode, variables: Values): Values {
  const known = new Map<string, unknown>();
  for (const definition of document.definitions) {
    const declared = definition.kind === Kind.OPERATION_DEFINITION ? definition.variableDefinitions : [];
    for (const { variable, defaultValue } of declared ?? []) {
      const { value } = variable.name;
      if (defaultValue) known.set(value, known.has(value) ? unknownValue : valueFromASTUntyped(defaultValue));
    }
  }
  return { ...Object.fromEntries(known), ...variables };
}

/** The names of the arguments on which the price of any field depends. */
export function pricingArguments(schema: GraphQLSchema): ReadonlySet<string> {
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) ? Object.values(type.getFields()) : [],
  );
  return new Set(
    fields.flatMap(({ args, extensions }) =>
      isPrice(extensions.points) ? args.map(({ name }) => name) : [],
    ),
  );
}
