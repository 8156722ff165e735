import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import {
  type DocumentName,
  readDocumentName,
  sha256,
  withPersistedDocuments,
} from '../../../../src/platform/graphql/documents/persisted-documents.ts';
import { createPrepare } from '../../../../src/platform/graphql/documents/prepare.ts';

const schema = buildSchema(
  'type Query { hero(id: Int): Hero heroes(first: Int!): [Hero!]! } type Hero { name: String }',
);
const may = { mayIntrospect: true };
const rest = { operationName: null, variables: {} };
const good = '{ hero { name } }';

const open = () => withPersistedDocuments(createPrepare(schema), null);
const named = (query: string | null, documentId: string | null) =>
  ({ query, documentId, ...rest }) as DocumentName & typeof rest;
/** A text with its hash, and the hash alone. */
const registering = (query: string) => named(query, sha256(query));
const hashed = (query: string) => named(null, sha256(query));
const codeOf = ({ errors }: { errors: readonly { extensions: { code?: unknown } }[] | null }) =>
  errors?.[0]?.extensions.code;

describe('automatically persisted documents', () => {
  it('are known by their hash once they came with it and passed', () => {
    const prepare = open();
    expect(prepare(hashed(good), may)).toMatchObject({
      cost: 1,
      errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    });
    const first = prepare(registering(good), may);
    expect(first).toMatchObject({ query: good, errors: null });
    expect(prepare(hashed(good), may)).toMatchObject({ query: good, errors: null });
  });

  it('are not made of texts that came without a hash, so that other clients do not learn of them', () => {
    const prepare = open();
    expect(prepare(named(good, null), may).errors).toBeNull();
    expect(codeOf(prepare(hashed(good), may))).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  it.each([
    ['what is invalid', '{ missing }'],
    ['what is no GraphQL', '{'],
    ['what costs too much', '{ heroes(first: 20000) { name } }'],
    ['what is too long', `{ hero { name } } #${' '.repeat(70_000)}`],
  ])('are never %s', (_, bad) => {
    const prepare = open();
    expect(prepare(registering(bad), may).errors).not.toBeNull();
    expect(codeOf(prepare(hashed(bad), may))).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  it('have the hash of their own text, or are refused and not kept', () => {
    const prepare = open();
    const stolen = named('{ hero(id: 1) { name } }', sha256(good));
    expect(codeOf(prepare(stolen, may))).toBe('BAD_REQUEST');
    expect(codeOf(prepare(named(good, 'my-own-id'), may))).toBe('BAD_REQUEST');
    expect(codeOf(prepare(hashed(good), may))).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  it('are a bounded number, the latest', () => {
    const prepare = open();
    const text = (index: number) => `{ hero(id: ${index}) { name } } #${'x'.repeat(60_000)}`;
    for (let index = 0; index < 200; index += 1) prepare(registering(text(index)), may);
    const known = Array.from({ length: 200 }, (_, index) => prepare(hashed(text(index)), may)).filter(
      ({ errors }) => !errors,
    );
    expect(known.length).toBeGreaterThan(10);
    expect(known.length).toBeLessThan(100);
    expect(prepare(hashed(text(199)), may).errors).toBeNull();
  });

  it('are measured again with the variables of each request, and checked again for introspection', () => {
    const prepare = open();
    const query = 'query ($n: Int!) { heroes(first: $n) { name } }';
    prepare({ ...registering(query), variables: { n: 2 } }, may);
    expect(prepare({ ...hashed(query), variables: { n: 40 } }, may).cost).toBe(40);
    expect(codeOf(prepare({ ...hashed(query), variables: { n: 20_000 } }, may))).toBe('COST_LIMIT_EXCEEDED');
    const introspection = '{ __schema { queryType { name } } }';
    prepare(registering(introspection), may);
    expect(codeOf(prepare(hashed(introspection), { mayIntrospect: false }))).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
  });
});

describe('listed documents', () => {
  const texts = new Map([['hero-by-name', good]]);
  const manifest = {
    textOf: (id: string) => texts.get(id),
    has: (text: string) => [...texts.values()].includes(text),
  };
  const prepare = withPersistedDocuments(createPrepare(schema), manifest);
  const other = '{ heroes(first: 1) { name } }';

  it('are asked for by id, by text or by both', () => {
    for (const name of [named(null, 'hero-by-name'), named(good, null), named(good, 'hero-by-name')])
      expect(prepare(name, may)).toMatchObject({ query: good, errors: null });
  });

  it.each([
    ['an unknown id', named(null, 'hero-by-age'), 'PERSISTED_QUERY_NOT_IN_LIST'],
    ['an unknown text', named(other, null), 'QUERY_NOT_IN_SAFELIST'],
    ['a text that is nearly one of them', named(`${good} `, null), 'QUERY_NOT_IN_SAFELIST'],
    ['an unknown text with its hash', registering(other), 'QUERY_NOT_IN_SAFELIST'],
    ['an unknown text with a known id', named(other, 'hero-by-name'), 'QUERY_NOT_IN_SAFELIST'],
    ['a known text with another id', named(good, 'hero-by-age'), 'BAD_REQUEST'],
    ['no GraphQL at all', named('{', null), 'QUERY_NOT_IN_SAFELIST'],
  ])('are all there are: %s is refused', (_, name, code) => {
    const prepared = prepare(name, may);
    expect([prepared.cost, prepared.document, codeOf(prepared)]).toEqual([1, null, code]);
  });

  it('do not change after an attempt to add one', () => {
    prepare(registering(other), may);
    expect(codeOf(prepare(hashed(other), may))).toBe('PERSISTED_QUERY_NOT_IN_LIST');
  });
});

describe('a document is named', () => {
  const hash = sha256(good);
  const persistedQuery = { version: 1, sha256Hash: hash };

  it.each([
    ['by its text', { query: good }, { query: good, documentId: null }],
    ['by documentId', { documentId: 'hero-by-name' }, { query: null, documentId: 'hero-by-name' }],
    ['by documentId with its prefix', { documentId: `sha256:${hash}` }, { query: null, documentId: hash }],
    ["by Apollo's extension", { extensions: { persistedQuery } }, { query: null, documentId: hash }],
    [
      'by all three',
      { query: good, documentId: `sha256:${hash}`, extensions: { persistedQuery } },
      { query: good, documentId: hash },
    ],
    ['by a hash beside an empty text', { query: '', documentId: hash }, { query: null, documentId: hash }],
    ['beside other extensions', { query: good, extensions: { trace: 1 } }, { query: good, documentId: null }],
    [
      'by its text beside nulls',
      { query: good, documentId: null, extensions: { persistedQuery: null } },
      { query: good, documentId: null },
    ],
  ])('%s', (_, asked, name) => {
    expect(readDocumentName(asked)).toEqual(name);
  });

  it.each([
    ['nothing', {}, 'The request must have a query.'],
    ['a number', { documentId: 7 }, 'documentId must be a string.'],
    ['an empty id', { documentId: '' }, 'documentId must not be empty.'],
    ['a prefix alone', { documentId: 'sha256:' }, 'The request must have a query.'],
    [
      'another version',
      { extensions: { persistedQuery: { ...persistedQuery, version: 2 } } },
      'extensions.persistedQuery.version must be 1.',
    ],
    [
      'no hash',
      { extensions: { persistedQuery: { version: 1 } } },
      'extensions.persistedQuery.sha256Hash must be a string.',
    ],
    ['a list', { extensions: { persistedQuery: [1] } }, 'extensions.persistedQuery must be an object.'],
    // Its hash is that of the text with U+FFFD in the same place.
    ['half of a surrogate pair', { query: '{ hero(id: "\ud800") { name } }' }, 'query must be well-formed'],
    [
      'two hashes',
      { documentId: sha256('other'), extensions: { persistedQuery } },
      'documentId and extensions.persistedQuery name different documents.',
    ],
  ])('not by %s', (_, asked, message) => {
    expect(() => readDocumentName(asked)).toThrow(message);
  });
});
