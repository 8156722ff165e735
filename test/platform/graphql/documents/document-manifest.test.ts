import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { openDocumentManifest } from '../../../../src/platform/graphql/documents/document-manifest.ts';
import { sha256 } from '../../../../src/platform/graphql/documents/persisted-documents.ts';
import { createPrepare } from '../../../../src/platform/graphql/documents/prepare.ts';

const schema = buildSchema(
  'type Query { hero(id: Int): Hero heroes(first: Int!): [Hero!]! } type Hero { name: String friends(first: Int!): [Hero!]! }',
);
const hero = 'query Hero { hero { name } }';
const heroes = 'query Heroes($first: Int!) { heroes(first: $first) { name } }';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-manifest-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function openManifest(content: unknown) {
  const path = join(directory, 'manifest.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return openDocumentManifest(path, createPrepare(schema));
}

const apollo = (...operations: object[]) => ({
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations,
});
const operation = (body: string, id = sha256(body)) => ({ id, name: 'Any', type: 'query', body });

describe('a manifest', () => {
  it("is Apollo's", async () => {
    const manifest = await openManifest(apollo(operation(hero), operation(heroes, 'by-hand')));
    expect([manifest.textOf(sha256(hero)), manifest.textOf('by-hand')]).toEqual([hero, heroes]);
    expect([manifest.has(hero), manifest.has(`${hero} `), manifest.textOf('x')]).toEqual([
      true,
      false,
      undefined,
    ]);
  });

  it('is a map of ids to texts, of whatever hash they are', async () => {
    const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
    const manifest = await openManifest({ [md5]: hero, [`sha256:${sha256(heroes)}`]: heroes });
    // The hash of the text is understood as well.
    for (const id of [md5, sha256(hero)]) expect(manifest.textOf(id)).toBe(hero);
    expect(manifest.textOf(sha256(heroes))).toBe(heroes);
  });

  it('may ask for what only certain variables make too dear', async () => {
    const deep =
      'query ($a: Int!, $b: Int!, $c: Int = 90) { heroes(first: $a) { friends(first: $b) { friends(first: $c) { name } } } }';
    expect((await openManifest({ deep })).has(deep)).toBe(true);
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /1 problem\(s\):\n {2}PERSISTED_DOCUMENTS \S+ must be JSON/],
    ['a list', [], /must be an object/],
    ['empty', {}, /must list at least one document/],
    ['of another format', { format: 'other', version: 1, operations: [] }, /format must be apollo-persisted/],
    ['of another version', { ...apollo(), version: 2 }, /version must be 1/],
    ['without texts', { a: 7 }, /a must be a string/],
    [
      'with an invalid document',
      { a: '{ missing }' },
      /document "a" cannot be executed: Cannot query field "missing"/,
    ],
    ['with what is no GraphQL', { a: '{' }, /document "a" cannot be executed: Syntax Error/],
    ['with a document beyond a limit', { a: '{ heroes(first: 20000) { name } }' }, /costs 20000 points/],
    ['with a wrong hash', { [sha256(heroes)]: hero }, /does not have the SHA-256 that its id says/],
    ['with a wrong prefixed hash', { 'sha256:abc': hero }, /does not have the SHA-256 that its id says/],
    [
      'with one id for two texts',
      apollo(operation(hero, 'a'), operation(heroes, 'a')),
      /document "a" has two/,
    ],
    ['with two problems', { a: '{ missing }', b: '{' }, /2 problem\(s\)/],
  ])('is not taken when it is %s', async (_, content, message) => {
    await expect(openManifest(content)).rejects.toThrow(message);
    await expect(openManifest(content)).rejects.toThrow(/PERSISTED_DOCUMENTS/);
  });

  it('is not taken when there is none', async () => {
    await expect(openDocumentManifest(join(directory, 'none.json'), createPrepare(schema))).rejects.toThrow(
      /PERSISTED_DOCUMENTS cannot be read: ENOENT/,
    );
  });

  it('does not tell a thousand problems', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`a${index}`, '{']));
    const error = await openManifest(many).catch(String);
    expect(error).toMatch(/1000 problem\(s\)/);
    expect(String(error).split('\n')).toHaveLength(11);
  });
});
