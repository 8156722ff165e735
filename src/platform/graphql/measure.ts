import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
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
} from 'graphql';

/** How large an operation is once its fragments are spread. Never larger than `enough` says: it only has to be compared. */
export interface Size {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
  /** Fields that cost money: those whose definition has the extension `paid`. */
  readonly paid: number;
  /** One point for each object asked for, as far as the document tells; mutations are dearer. */
  readonly cost: number;
}

/** A size whose cost still depends on how long a list is that the parent's `first` decides. */
interface Part extends Size {
  readonly costPerItem: number;
}

/** Lists whose length neither the document nor the extension `items` of their field tells; those of the schema itself lie in memory. */
const assumedItems = 10;
const assumedSchemaItems = 3;
/** What a mutation costs beside the objects it answers, unless its definition's extension `points` says otherwise. */
const mutationPoints = 10;
/** Numbers double with each fragment that spreads another twice; what is refused anyway need not be exact. */
const enough = 1e9;

const nothing: Part = { depth: 0, fields: 0, aliases: 0, directives: 0, paid: 0, cost: 0, costPerItem: 0 };

function sum(one: Part, other: Part): Part {
  const add = (name: keyof Part) => Math.min(one[name] + other[name], enough);
  return {
    depth: Math.max(one.depth, other.depth),
    fields: add('fields'),
    aliases: add('aliases'),
    directives: add('directives'),
    paid: add('paid'),
    cost: add('cost'),
    costPerItem: add('costPerItem'),
  };
}

/** Anything with fields; a name that the schema does not know has none. */
function fieldOf(schema: GraphQLSchema, typeName: string | undefined, name: string) {
  const type = typeName === undefined ? undefined : schema.getType(typeName);
  if (typeName === schema.getQueryType()?.name) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
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
  const measured = new Map<string, Part>();

  function ofFragment(name: string): Part {
    const known = measured.get(name);
    if (known) return known;
    measured.set(name, nothing);
    const fragment = fragments.get(name);
    if (!fragment) return nothing;
    const part = ofSelections(fragment.selectionSet, fragment.typeCondition.name.value);
    measured.set(name, part);
    return part;
  }

  function ofSelections(set: SelectionSetNode, typeName: string | undefined): Part {
    let total = nothing;
    for (const selection of set.selections) {
      const directives = { ...nothing, directives: selection.directives?.length ?? 0 };
      if (selection.kind === Kind.FIELD) total = sum(total, ofField(selection, typeName));
      else if (selection.kind === Kind.FRAGMENT_SPREAD) total = sum(total, ofFragment(selection.name.value));
      else {
        const narrowed = selection.typeCondition?.name.value ?? typeName;
        total = sum(total, ofSelections(selection.selectionSet, narrowed));
      }
      total = sum(total, directives);
    }
    return total;
  }

  function ofField(node: FieldNode, typeName: string | undefined): Part {
    const field = fieldOf(schema, typeName, node.name.value);
    const type = field && getNamedType(field.type);
    const below = node.selectionSet ? ofSelections(node.selectionSet, type?.name) : nothing;
    const extensions = field?.extensions ?? {};
    const isMutation = typeName !== undefined && typeName === schema.getMutationType()?.name;
    const points =
      typeof extensions.points === 'number' ? extensions.points : isMutation ? mutationPoints : 0;
    const own = {
      ...below,
      depth: below.depth + 1,
      fields: Math.min(below.fields + 1, enough),
      aliases: Math.min(below.aliases + (node.alias ? 1 : 0), enough),
      paid: Math.min(below.paid + (extensions.paid === true ? 1 : 0), enough),
    };
    if (!field || !isCompositeType(type)) return { ...own, cost: points, costPerItem: 0 };
    const items = itemsAsked(node);
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

  /** How many items the field's own arguments ask for; null when they do not say. */
  function itemsAsked(node: FieldNode): number | null {
    for (const { name, value } of node.arguments ?? []) {
      const given = value.kind === Kind.VARIABLE ? variables[value.name.value] : value;
      if (name.value === 'first') {
        const count =
          typeof given === 'number' ? given : value.kind === Kind.INT ? Number(value.value) : assumedItems;
        return Math.min(Math.max(count, 0), enough);
      }
      if (name.value === 'ids')
        return Array.isArray(given) ? given.length : value.kind === Kind.LIST ? value.values.length : 1;
    }
    return null;
  }

  return (definition) => {
    const typeName =
      definition.kind === Kind.FRAGMENT_DEFINITION
        ? definition.typeCondition.name.value
        : schema.getRootType(definition.operation)?.name;
    const part = ofSelections(definition.selectionSet, typeName);
    const { costPerItem, ...size } = part;
    return {
      ...size,
      directives: size.directives + (definition.directives?.length ?? 0),
      cost: Math.min(Math.max(size.cost + costPerItem * assumedItems, 1), enough),
    };
  };
}
