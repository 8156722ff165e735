import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
} from 'graphql';
import { countingArguments } from './count-key.ts';
import { pointsOf, withDefaults } from './price.ts';

/** The size of an operation after its fragments are spread; no number is larger than `enough`. */
export interface Size {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
  /** The most fields with the same response name in one place, because validation compares each with each. */
  readonly repeats: number;
  /** Fields that cost money: those whose definition has the extension `paid`. */
  readonly paid: number;
  /** One point for each requested object, as far as the document shows their number; mutations cost more. */
  readonly cost: number;
}

/** The size of a selection, before its place is known. */
interface Part extends Size {
  /** The part of the cost that is multiplied by the parent's `first`. */
  readonly costPerItem: number;
  /** How many times each response name is selected here, also by spread fragments. */
  readonly names: ReadonlyMap<string, number>;
}

/** The assumed length of a list when neither the document nor the extension `items` of its field gives one. */
const assumedItems = 10;
/** The same for lists of the schema itself, which are in memory. */
const assumedSchemaItems = 3;
/**
 * The cost of a mutation beside the objects of its response, unless the extension `points` of its definition is set.
 */
const mutationPoints = 10;
/** The assumed length of a list when its variable has no valid value: the longest page. */
const mostItems = 100;
/** The longest chain of fragments that spread each other. */
const longestChain = 100;
/**
 * The largest number that is counted. Numbers double with each fragment that spreads another twice, and a document that
 * is refused in any case need not be measured exactly.
 */
const enough = 1e9;

const nothing: Part = {
  depth: 0,
  fields: 0,
  aliases: 0,
  directives: 0,
  repeats: 0,
  paid: 0,
  cost: 0,
  costPerItem: 0,
  names: new Map(),
};

function sum(one: Part, other: Part): Part {
  const add = (name: Exclude<keyof Part, 'names'>) => Math.min(one[name] + other[name], enough);
  return {
    depth: Math.max(one.depth, other.depth),
    repeats: Math.max(one.repeats, other.repeats),
    names: one.names,
    fields: add('fields'),
    aliases: add('aliases'),
    directives: add('directives'),
    paid: add('paid'),
    cost: add('cost'),
    costPerItem: add('costPerItem'),
  };
}

/** The field of an object or interface type; undefined when the schema does not have it. */
function fieldOf(schema: GraphQLSchema, typeName: string | undefined, name: string) {
  const type = typeName === undefined ? undefined : schema.getType(typeName);
  if (typeName === schema.getQueryType()?.name) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}

/** How many items a literal requests: its number, or the length of its list; null for null. */
function countWritten(value: ValueNode): number | null {
  if (value.kind === Kind.INT) return Number(value.value);
  if (value.kind === Kind.LIST) return value.values.length;
  if (value.kind === Kind.NULL) return null;
  return value.kind === Kind.STRING ? 1 : mostItems;
}

/**
 * Measures one definition in time linear in the document: each fragment is measured once, however often it is
 * spread. The document need not be valid; a fragment within itself counts as nothing, since validation refuses it.
 */
export function createMeasure(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
): (definition: OperationDefinitionNode | FragmentDefinitionNode) => Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const defaults = new Map<string, ValueNode>();
  for (const definition of document.definitions) {
    const declared = definition.kind === Kind.OPERATION_DEFINITION ? definition.variableDefinitions : [];
    for (const { variable, defaultValue } of declared ?? []) {
      // Other operations of the document may declare the same variable: the greatest default counts.
      const known = defaults.get(variable.name.value);
      if (defaultValue && (!known || (countWritten(defaultValue) ?? 0) > (countWritten(known) ?? 0)))
        defaults.set(variable.name.value, defaultValue);
    }
  }
  const given = withDefaults(document, variables);
  const measured = new Map<string, Part>();
  let open = 0;

  function ofFragment(name: string): Part {
    const known = measured.get(name);
    if (known) return known;
    measured.set(name, nothing);
    const fragment = fragments.get(name);
    if (!fragment) return nothing;
    // The depth exceeds its limit, and the recursion ends before the stack overflows.
    if (open >= longestChain) return { ...nothing, depth: enough };
    open += 1;
    const part = ofSelections(fragment.selectionSet, fragment.typeCondition.name.value);
    open -= 1;
    measured.set(name, part);
    return part;
  }

  function ofSelections(set: SelectionSetNode, typeName: string | undefined): Part {
    let total = nothing;
    const names = new Map<string, number>();
    const note = (name: string, count: number) =>
      names.set(name, Math.min((names.get(name) ?? 0) + count, enough));
    for (const selection of set.selections) {
      total = sum(total, { ...nothing, directives: selection.directives?.length ?? 0 });
      if (selection.kind === Kind.FIELD) {
        total = sum(total, ofField(selection, typeName));
        note(selection.alias?.value ?? selection.name.value, 1);
        continue;
      }
      const spread =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? ofFragment(selection.name.value)
          : ofSelections(selection.selectionSet, selection.typeCondition?.name.value ?? typeName);
      total = sum(total, spread);
      for (const [name, count] of spread.names) note(name, count);
    }
    return { ...total, names, repeats: Math.max(total.repeats, ...names.values()) };
  }

  function ofField(node: FieldNode, typeName: string | undefined): Part {
    const field = fieldOf(schema, typeName, node.name.value);
    const type = field && getNamedType(field.type);
    const below = node.selectionSet ? ofSelections(node.selectionSet, type?.name) : nothing;
    const extensions = field?.extensions ?? {};
    const isMutation = typeName !== undefined && typeName === schema.getMutationType()?.name;
    const points = pointsOf(field, node, given) ?? (isMutation ? mutationPoints : 0);
    const own = {
      ...below,
      depth: Math.min(below.depth + 1, enough),
      fields: Math.min(below.fields + 1, enough),
      aliases: Math.min(below.aliases + (node.alias ? 1 : 0), enough),
      paid: Math.min(below.paid + (extensions.paid === true ? 1 : 0), enough),
    };
    if (!field || !isCompositeType(type)) return { ...own, cost: points, costPerItem: 0 };
    const items = itemsAsked(node, field);
    const isList = isListType(isNonNullType(field.type) ? field.type.ofType : field.type);
    const assumed = type.name.startsWith('__') ? assumedSchemaItems : assumedItems;
    const each = 1 + below.cost + below.costPerItem * (isList ? assumed : (items ?? assumed));
    if (!isList) return { ...own, cost: Math.min(points + each, enough), costPerItem: 0 };
    if (typeof extensions.items === 'number')
      return { ...own, cost: points + extensions.items * each, costPerItem: 0 };
    if (items !== null) return { ...own, cost: Math.min(points + items * each, enough), costPerItem: 0 };
    // A connection's `first` says how many nodes there are; the list itself does not.
    return { ...own, cost: points, costPerItem: Math.min(each, enough) };
  }

  /** How many items the field's own arguments request; null when no argument says it. */
  function itemsAsked(node: FieldNode, field: GraphQLField<unknown, unknown>): number | null {
    const asked = field.args.flatMap(({ name, defaultValue }) => {
      if (!countingArguments.includes(name)) return [];
      const value = node.arguments?.find((given) => given.name.value === name)?.value;
      if (!value) return typeof defaultValue === 'number' ? [defaultValue] : [];
      return [value.kind === Kind.VARIABLE ? countGiven(value.name.value) : countWritten(value)];
    });
    if (asked.length === 0) return null;
    // A null argument requests nothing: when `first` is null, `last` counts, and the other way round.
    const counts = asked.filter((count) => count !== null);
    return Math.min(Math.max(0, ...(counts.length > 0 ? counts : [mostItems])), enough);
  }

  function countGiven(variable: string): number | null {
    const given = variables[variable];
    if (typeof given === 'number' && !Number.isNaN(given)) return given;
    if (Array.isArray(given)) return given.length;
    const fallback = defaults.get(variable);
    if (given === undefined) return fallback ? countWritten(fallback) : null;
    return given === null ? null : mostItems;
  }

  return (definition) => {
    const typeName =
      definition.kind === Kind.FRAGMENT_DEFINITION
        ? definition.typeCondition.name.value
        : schema.getRootType(definition.operation)?.name;
    const part = ofSelections(definition.selectionSet, typeName);
    const { costPerItem, names: _, ...size } = part;
    return {
      ...size,
      directives: size.directives + (definition.directives?.length ?? 0),
      cost: Math.min(Math.max(size.cost + costPerItem * assumedItems, 1), enough),
    };
  };
}
