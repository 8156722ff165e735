import { NotFound } from '../../errors.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The types that `node` finds. */
export const nodeTypes = [
  'Project',
  'Member',
  'Invitation',
  'ApiKey',
  'Character',
  'ReferenceImage',
  'Image',
  'Generation',
  'GeneratedImage',
  'Budget',
  'BudgetAlert',
] as const;
export type NodeType = (typeof nodeTypes)[number];

/** The types that have global ids; a user is found through what they are in, never by themselves. */
const idTypes = [...nodeTypes, 'User'] as const;
export type IdType = (typeof idTypes)[number];

/** Whether `node` finds things of this type. */
export function isNodeType(type: IdType): type is NodeType {
  return nodeTypes.some((each) => each === type);
}

/** Whether things of this type have global ids. */
export function isIdType(type: string): type is IdType {
  return idTypes.some((each) => each === type);
}

/** Makes an opaque id that is unique across types. */
export function toGlobalId(type: IdType, id: string): string {
  // Half the time of a Buffer's base64url. Neither part has a character that base64 and base64url write differently.
  const text = btoa(`${type}:${id}`);
  const padding = text.indexOf('=');
  return padding < 0 ? text : text.slice(0, padding);
}

/** Takes a global id apart; undefined when it is malformed. */
export function parseGlobalId(globalId: string): { type: IdType; id: string } | undefined {
  const [name, id, ...rest] = Buffer.from(globalId, 'base64url').toString('utf8').split(':');
  const type = idTypes.find((each) => each === name);
  if (!type || id === undefined || rest.length > 0 || !uuidPattern.test(id)) return undefined;
  // One id, one spelling: base64 decoders skip what they do not know.
  return toGlobalId(type, id) === globalId ? { type, id } : undefined;
}

/** The row id behind a global id of one type. Throws NotFound: a malformed id looks like a stranger's. */
export function fromGlobalId(type: IdType, globalId: string): string {
  const parsed = parseGlobalId(globalId);
  if (parsed?.type !== type) throw new NotFound(type);
  return parsed.id;
}

/** The global id of a row that may be missing. */
export function globalIdOf(type: IdType, id: string | null): string | null {
  return id === null ? null : toGlobalId(type, id);
}

/**
 * The row ids behind global ones, of one type or of any, to filter by: none for a malformed one, which is, like a
 * stranger's, that of nothing in the list.
 */
export function idsOf(globalIds: readonly string[], type?: IdType): string[] {
  return globalIds
    .map(parseGlobalId)
    .flatMap((parsed) => (parsed && (type === undefined || parsed.type === type) ? [parsed.id] : []));
}
