/** A node of the syntax tree. Its other members depend on its type, and are read by name. */
export interface Node {
  readonly type: string;
  readonly span: { readonly start: number; readonly end: number };
}

/** A member of an object, if it has one of this name. */
export function field(value: object, name: string): unknown {
  return Object.entries(value).find(([each]) => each === name)?.[1];
}

/** Whether a value is a node. */
export function isNode(value: unknown): value is Node {
  if (typeof value !== 'object' || value === null) return false;
  const span = field(value, 'span');
  return typeof field(value, 'type') === 'string' && typeof span === 'object' && span !== null;
}

/** A member that is a node. */
export function nodeOf(value: object, name: string): Node | undefined {
  const member = field(value, name);
  return isNode(member) ? member : undefined;
}
