import { toGlobalId } from '../../src/platform/reads/global-id.ts';

/** 50 characters with 3 reference images and their 5 newest runs each: about 450 objects. */
export const libraryQuery = `query Library($projectId: ID!) { project(id: $projectId) { characters(first: 50) { nodes {
  id name description appearance tags createdAt updatedAt
  referenceImages(first: 3) { id kind label createdAt }
  generations(first: 5) { nodes {
    id status prompt batch modelVersion isSlow cost requestedAt submittedAt finishedAt inferenceSeconds
  } }
} } } }`;

/** The same objects with only their ids and names. */
export const namesQuery = `query Names($projectId: ID!) { project(id: $projectId) { characters(first: 50) { nodes {
  id name referenceImages(first: 3) { id label } generations(first: 5) { nodes { id } }
} } } }`;

/** The library query with an address of each picture, as pages ask for it: 399 signed addresses in the large library. */
export const picturesQuery = libraryQuery
  .replace('kind label createdAt', '$& image { url(width: 256, format: WEBP) }')
  .replace('inferenceSeconds', '$& images { image { url(width: 256, format: WEBP) } }');

/** One character. */
export const characterQuery = `query Character($id: ID!) { character(id: $id) {
  id name description appearance tags createdAt updatedAt
} }`;

/** A page of a project's runs. */
export const runsQuery = `query Runs($projectId: ID!, $after: String) { project(id: $projectId) {
  generations(first: 50, after: $after) { edges { cursor } nodes { id status prompt cost requestedAt finishedAt } pageInfo { hasNextPage endCursor } }
} }`;

/** The request body for a query about a project. */
export function aboutProject(query: string, projectId: string, after?: string): string {
  return JSON.stringify({ query, variables: { projectId: toGlobalId('Project', projectId), after } });
}

/** The request body for a character. */
export function aboutCharacter(id: string): string {
  return JSON.stringify({ query: characterQuery, variables: { id: toGlobalId('Character', id) } });
}

/** A server that requests are sent to. */
export interface Target {
  readonly name: string;
  readonly url: string;
  /** The `Authorization` header; rivals need none. */
  readonly authorization?: string;
}

/** Sends one request and resolves to the text of the response. Throws for a status other than 200. */
export async function askOnce({ name, url, authorization }: Target, body: string): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    body,
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${name} answered ${response.status}: ${text.slice(0, 500)}`);
  return text;
}

/** The text of the `data` member of a response, without the extensions. Throws when there are errors. */
export function dataOf(answer: string): string {
  const start = '{"data":';
  if (!answer.startsWith(start)) throw new Error(`not a good answer: ${answer.slice(0, 500)}`);
  const extensions = answer.lastIndexOf(',"extensions":');
  return answer.slice(start.length, extensions < 0 ? answer.lastIndexOf('}') : extensions);
}

/** Throws unless all servers answer every request with the same bytes. Resolves to the length of the first answer. */
export async function checkSameBytes(targets: readonly Target[], bodies: readonly string[]): Promise<number> {
  const [first, ...others] = targets;
  if (!first) throw new Error('there is no server to compare');
  let length = 0;
  for (const body of bodies) {
    const expected = dataOf(await askOnce(first, body));
    if (!expected.includes('"id":'))
      throw new Error(`${first.name} found nothing: ${expected.slice(0, 500)}`);
    length ||= Buffer.byteLength(expected);
    for (const other of others) {
      const given = dataOf(await askOnce(other, body));
      if (given === expected) continue;
      let at = 0;
      while (given[at] === expected[at]) at += 1;
      const [one, another] = [expected, given].map((text) => text.slice(Math.max(0, at - 60), at + 60));
      throw new Error(`${first.name} and ${other.name} differ at ${at}:\n${one}\n${another}`);
    }
  }
  return length;
}
