import { NotFound } from '../../errors.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The types that have global ids. */
export const nodeTypes = [
  'Project',
  'Character',
  'ReferenceImage',
  'Image',
  'Generation',
  'GeneratedImage',
] as const;
export type NodeType = (typeof nodeTypes)[number];

/** Makes an opaque id that is unique across types. */
export function toGlobalId(type: NodeType, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url');
}

/** Takes a global id apart; undefined when it is malformed. */
export function parseGlobalId(globalId: string): { type: NodeType; id: string } | undefined {
  const [name, id, ...rest] = Buffer.from(globalId, 'base64url').toString('utf8').split(':');
  const type = nodeTypes.find((each) => each === name);
  if (!type || id === undefined || rest.length > 0 || !uuidPattern.test(id)) return undefined;
  // One id, one spelling: base64 decoders skip what they do not know.
  return toGlobalId(type, id) === globalId ? { type, id } : undefined;
}

/** The row id behind a global id of one type. Throws NotFound: a malformed id looks like a stranger's. */
export function fromGlobalId(type: NodeType, globalId: string): string {
  const parsed = parseGlobalId(globalId);
  if (parsed?.type !== type) throw new NotFound(type);
  return parsed.id;
}
