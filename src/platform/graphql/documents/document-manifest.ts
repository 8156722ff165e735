import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { toError } from '../../../errors.ts';
import { ConfigProblem } from '../../../settings/config.ts';
import { bareId, type DocumentManifest, sha256 } from './persisted-documents.ts';
import type { Prepare } from './prepare.ts';

/** The most problems that one error lists. */
const mostProblems = 10;

const text = z.string('must be a string').min(1, 'must not be empty');
/** The manifest of `@apollo/generate-persisted-query-manifest`. */
const apolloManifest = z
  .object({
    format: z.literal('apollo-persisted-query-manifest', 'must be apollo-persisted-query-manifest'),
    version: z.literal(1, 'must be 1'),
    operations: z.array(z.object({ id: text, body: text })),
  })
  .transform(({ operations }) => operations.map(({ id, body }) => [id, body] as const));
/** The manifest of Relay's compiler and of graphql-codegen: texts by id. */
const plainManifest = z.record(text, text, 'must be an object').transform((texts) => Object.entries(texts));

/**
 * Reads a manifest of either kind and prepares each of its documents, so that an invalid document is reported at the
 * start and not at the first request for it. Throws ConfigProblem with all problems.
 */
export async function openDocumentManifest(path: string, prepare: Prepare): Promise<DocumentManifest> {
  const texts = new Map<string, string>();
  const problems: string[] = [];
  for (const [id, body] of await readEntries(path)) {
    const found = problemOf(id, body, texts, prepare);
    if (found !== null) problems.push(`PERSISTED_DOCUMENTS ${path}: document "${id}" ${found}`);
    texts.set(bareId(id), body);
  }
  if (texts.size === 0) problems.push(`PERSISTED_DOCUMENTS ${path} must list at least one document`);
  if (problems.length > 0) throw new ConfigProblem(problems.slice(0, mostProblems), problems.length);

  const all = new Set(texts.values());
  // A client may name a document by its SHA-256 also when the manifest uses other ids.
  for (const body of all) texts.set(sha256(body), body);
  return { textOf: (id) => texts.get(id), has: (body) => all.has(body) };
}

async function readEntries(path: string): Promise<(readonly [id: string, body: string])[]> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ConfigProblem([`PERSISTED_DOCUMENTS cannot be read: ${toError(error).message}`]);
  });
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw new ConfigProblem([`PERSISTED_DOCUMENTS ${path} must be JSON: ${toError(error).message}`]);
  }
  const isApollo = typeof json === 'object' && json !== null && 'format' in json;
  const parsed = (isApollo ? apolloManifest : plainManifest).safeParse(json);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const lines = issues.map(
    (issue) => `PERSISTED_DOCUMENTS ${[path, ...issue.path].join(' ')} ${issue.message}`,
  );
  throw new ConfigProblem(lines.slice(0, mostProblems), lines.length);
}

/** The problem of an entry of the manifest, as a predicate; null when the entry is valid. */
function problemOf(
  id: string,
  body: string,
  texts: ReadonlyMap<string, string>,
  prepare: Prepare,
): string | null {
  const known = texts.get(bareId(id));
  if (known !== undefined && known !== body) return 'has two texts';
  const isHash = id.startsWith('sha256:') || /^[0-9a-f]{64}$/i.test(id);
  if (isHash && bareId(id) !== sha256(body)) return 'does not have the SHA-256 that its id says';
  const { errors } = prepare({ query: body, operationName: null, variables: least }, { mayIntrospect: true });
  return errors && `cannot be executed: ${errors.map(({ message }) => message).join(' ')}`;
}

/** Variables that are all 0, so that a document is refused only when no values of its variables could make it valid. */
const least: Readonly<Record<string, unknown>> = new Proxy({}, { get: () => 0 });
