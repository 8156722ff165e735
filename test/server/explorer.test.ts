import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { buildSchema, getVariableValues, parse, validate } from 'graphql';
import { createPrepare } from '../../src/platform/graphql/documents/prepare.ts';
import { examples } from '../../src/server/explorer/browser/examples.ts';
import { bundleExplorer } from '../../src/server/explorer/bundle.ts';
import { registerExplorer, sendExplorer, wantsExplorer } from '../../src/server/explorer/explorer-route.ts';
import { createSchema } from '../../src/server/schema.ts';

const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
const app = Fastify();
let page: Awaited<ReturnType<typeof openPage>>;

const get = (url: string, accept = '*/*') => app.inject({ url, headers: { accept } });

async function openPage() {
  const answer = await get('/graphql', browserAccept);
  const linked = [...answer.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
  return { ...answer, headers: answer.headers, linked };
}

beforeAll(async () => {
  await bundleExplorer();
  registerExplorer(app);
  app.get('/graphql', (request, reply) =>
    wantsExplorer(request) ? sendExplorer(request, reply) : reply.send({}),
  );
  await app.ready();
  page = await openPage();
});
afterAll(() => app.close());

describe('explorer', () => {
  it.each([
    '*/*',
    'application/json',
    'application/graphql-response+json, application/json;q=0.9',
    'application/json, text/html',
    'text/html;q=0.5, */*',
    'text/html;q=0',
    '',
  ])('leaves Accept "%s" to GraphQL', async (accept) => {
    expect((await get('/graphql', accept)).body).toBe('{}');
  });

  it.each([
    '/explorer/..%2Fserver%2Fexplorer%2Fbundle.js',
    '/explorer/..%2f..%2fjest.config.js',
    '/explorer/.fingerprint',
    '/explorer/page.html',
    '/explorer/none.js',
  ])('does not serve %s', async (url) => {
    expect((await get(url)).statusCode).toBe(404);
  });

  it('gives browsers a page that may load from this server alone', () => {
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('<title>Dramatis explorer</title>');
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self';/),
      'x-content-type-options': 'nosniff',
      vary: 'Accept',
    });
    expect(page.headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/);
    for (const address of page.linked) expect(address).toMatch(/^(explorer\/|data:)/);
  });

  it('serves everything that the page links, for browsers to keep', async () => {
    const assets = page.linked.filter((address) => address.startsWith('explorer/'));
    expect(assets).toHaveLength(2);
    for (const asset of assets) {
      const answer = await get(`/${asset}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': asset.endsWith('.js') ? 'text/javascript; charset=utf-8' : 'text/css; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      });
      if (asset.endsWith('.css'))
        expect(answer.body).not.toMatch(/(?:url\(|@import)\s*["']?(?:https?:)?\/\//);
    }
  });

  it('is not bundled again when nothing changed', async () => {
    expect(await bundleExplorer()).toBe(false);
  });

  it('offers examples that the contract takes, with their variables', async () => {
    const schema = buildSchema(await readFile(join(import.meta.dirname, '../../schema.graphql'), 'utf8'));
    for (const { query, variables } of examples) {
      const document = parse(query);
      expect(validate(schema, document)).toEqual([]);
      const asked = { query, variables, operationName: null };
      expect(createPrepare(await createSchema())(asked, { mayIntrospect: true }).errors).toBeNull();
      const [operation] = document.definitions;
      if (operation?.kind !== 'OperationDefinition')
        throw new Error('An example must begin with its operation.');
      const declared = operation.variableDefinitions ?? [];
      expect(Object.keys(variables).sort()).toEqual(
        declared.map(({ variable }) => variable.name.value).sort(),
      );
      const { errors } = getVariableValues(schema, declared, variables);
      expect(errors).toBeUndefined();
    }
  });
});
