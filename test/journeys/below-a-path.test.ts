import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { bundleExplorer } from '../../src/server/explorer/bundle.ts';
import { adminKey, Dramatis, picture } from '../support/dramatis.ts';
import { freePort } from '../support/free-port.ts';
import { type StrippingProxy, startStrippingProxy } from '../support/stripping-proxy.ts';

/** PUBLIC_URL has a path, which the proxy in front takes off. */
let proxy: StrippingProxy;
let dramatis: Dramatis;
let greeting: string;
/** Where the server listens itself. */
let direct: string;

beforeAll(async () => {
  await bundleExplorer();
  proxy = await startStrippingProxy('/tools/dramatis');
  dramatis = await Dramatis.start({ environment: { PUBLIC_URL: `${proxy.url}/` }, servers: 0 });
  const port = await freePort();
  const server = await dramatis.startServer({ PORT: String(port) });
  greeting = server.greet({ isTerminal: false });
  direct = `http://127.0.0.1:${port}`;
  proxy.target = port;
  dramatis.url = server.url ?? '';
});
afterAll(async () => {
  await dramatis.stop();
  await proxy.close();
});

const authorization = `Bearer ${adminKey}`;
const openPage = (url: string) => fetch(url, { headers: { accept: 'text/html' } });

describe('below a path', () => {
  it('the greeting tells addresses that a person can open', () => {
    expect(dramatis.url).toBe(proxy.url);
    expect(greeting).toContain(`Dramatis   ${proxy.url}/graphql `);
    expect(greeting).toContain(`curl -s ${proxy.url}/graphql `);
  });

  it.each([
    ['through the proxy', () => proxy.url, '/graphql'],
    ['through the proxy', () => proxy.url, '/graphql/'],
    ['past it', () => direct, '/graphql'],
    ['past it', () => direct, '/graphql/'],
    ['past it', () => direct, '/graphql/?query=x'],
  ])('the explorer %s finds every file that it names (%#)', async (_, at, path) => {
    const page = await openPage(`${at()}${path}`);
    expect(page.status).toBe(200);
    const html = await page.text();
    const linked = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
    const files = linked.filter((address) => !address.startsWith('data:'));
    expect(files).toHaveLength(2);
    for (const file of files) {
      const answer = await fetch(new URL(file, page.url));
      expect([file, answer.status]).toEqual([file, 200]);
      // What the script loads later, it names relative to itself.
      const names = [...(await answer.text()).matchAll(/["'`](\.\/[\w-]+\.js)["'`]/g)].map(
        ([, name]) => name ?? '',
      );
      for (const name of new Set(names))
        expect([name, (await fetch(new URL(name, answer.url))).status]).toEqual([name, 200]);
    }
  });

  it.each(['/graphql', '/graphql/'])('%s answers POST, GET and WebSocket', async (path) => {
    const address = `${proxy.url}${path}`;
    const query = '{ viewer { kind } }';
    const post = await fetch(address, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    expect(await post.json()).toMatchObject({ data: { viewer: { kind: 'ADMIN' } } });
    const get = await fetch(`${address}?query=${encodeURIComponent(query)}`, {
      headers: { authorization, 'apollo-require-preflight': '1' },
    });
    expect(await get.json()).toMatchObject({ data: { viewer: { kind: 'ADMIN' } } });
    // As a browser on the explorer's page asks: the proxy has changed Host, so its origin is known by PUBLIC_URL alone.
    class Browser extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { origin: new URL(proxy.url).origin });
      }
    }
    const client = createClient({
      url: address.replace(/^http/, 'ws'),
      webSocketImpl: Browser,
      connectionParams: { authorization },
      retryAttempts: 0,
    });
    const { characterId } = await dramatis.cast();
    const id = await dramatis.generate(characterId);
    const statuses: string[] = [];
    const asked = {
      query: 'subscription ($id: ID!) { generationUpdated(id: $id) { status } }',
      variables: { id },
    };
    for await (const { data, errors } of client.iterate<{ generationUpdated: { status: string } }>(asked)) {
      expect(errors).toBeUndefined();
      if (data) statuses.push(data.generationUpdated.status);
    }
    await client.dispose();
    expect(statuses.at(-1)).toBe('COMPLETED');
    expect(proxy.seen.filter(({ path: seen, status }) => seen === path && status === 101)).toHaveLength(1);
  });

  it('pictures, uploads, exports and health are reached by the addresses that are given', async () => {
    const { projectId, characterId } = await dramatis.cast();
    const { images } = await dramatis.settle(await dramatis.generate(characterId));
    const upload = await fetch(`${proxy.url}/images?projectId=${projectId}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'image/png' },
      body: new Uint8Array(await picture('#808080')),
    });
    const { url, previewUrl } = (await upload.json()) as { url: string; previewUrl: string };
    for (const address of [images[0]?.image.url ?? '', url, previewUrl]) {
      expect(address.startsWith(`${proxy.url}/images/`)).toBe(true);
      const answer = await fetch(address);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        expect.stringMatching(/^image\//),
      ]);
    }
    const days = 'from=2020-01-01&to=2099-01-01';
    const ledger = await fetch(`${proxy.url}/exports/ledger.csv?projectId=${projectId}&${days}`, {
      headers: { authorization },
    });
    expect([ledger.status, (await ledger.text()).split('\r\n').length > 2]).toEqual([200, true]);
    for (const path of ['/livez', '/readyz', '/readyz/'])
      expect((await fetch(`${proxy.url}${path}`)).status).toBe(200);
  });

  it('outputs that are kept are reached as well', async () => {
    const { characterId } = await dramatis.cast();
    const id = await dramatis.generate(characterId, '[[simulate:broken-image]] no picture');
    await dramatis.settle(id);
    const { node } = await dramatis.get(
      'query ($id: ID!) { node(id: $id) { ... on Generation { outputProblems { url } } } }',
      { id },
    );
    const [problem] = node.outputProblems;
    expect(problem.url.startsWith(`${proxy.url}/outputs/`)).toBe(true);
    expect((await fetch(problem.url)).status).toBe(200);
  });

  it('the demo does its job through it', async () => {
    const output = await mkdtemp(join(tmpdir(), 'dramatis-below-'));
    try {
      const { stdout } = await promisify(execFile)(process.execPath, ['dist/demo/main.js', '--yes'], {
        env: {
          PATH: process.env.PATH,
          DRAMATIS_URL: proxy.url,
          ADMIN_API_KEY: adminKey,
          DEMO_OUTPUT: output,
        },
        timeout: 60_000,
      });
      expect(stdout).toContain(`Mara is at ${proxy.url}`);
      expect(stdout.match(/ COMPLETED /g)).toHaveLength(4);
    } finally {
      await rm(output, { recursive: true, force: true });
    }
  }, 70_000);

  it('nothing of all this was looked for beside the path, or not found', () => {
    expect(proxy.seen.filter(({ status }) => status >= 400)).toEqual([]);
    expect(proxy.seen.length).toBeGreaterThan(40);
  });
});
