import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/**
 * Whether a field, or a field below it, selects a field of this name. Directives are not evaluated, so the result is
 * true also when the field is skipped.
 */
export function selects({ fieldNodes, fragments }: GraphQLResolveInfo, name: string): boolean {
  const spread = new Set<string>();
  const finds = (set: SelectionSetNode | undefined): boolean =>
    (set?.selections ?? []).some((selection) => {
      if (selection.kind === Kind.FIELD)
        return selection.name.value === name || finds(selection.selectionSet);
      if (selection.kind === Kind.INLINE_FRAGMENT) return finds(selection.selectionSet);
      if (spread.has(selection.name.value)) return false;
      spread.add(selection.name.value);
      return finds(fragments[selection.name.value]?.selectionSet);
    });
  return fieldNodes.some(({ selectionSet }) => finds(selectionSet));
}
