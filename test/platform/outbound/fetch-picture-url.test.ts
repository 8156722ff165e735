import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  createOutbound,
  type Lookup,
  type Outbound,
} from '../../../src/platform/outbound/fetch-picture-url.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<{ port: number; hits: () => number }> {
  let hits = 0;
  const server: Server = createServer((request, response) => {
    hits += 1;
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, hits: () => hits };
}

function outbound(
  options: { allow?: string[]; lookup?: Lookup; timeoutMs?: number; maxBytes?: number } = {},
): Outbound {
  const made = createOutbound({ allow: [], maxBytes: 10_000, timeoutMs: 2_000, ...options });
  closers.push(() => made.close());
  return made;
}

const answers =
  (...rounds: string[][]): Lookup =>
  (_, answer) => {
    const addresses = (rounds.length > 1 ? rounds.shift() : rounds[0]) ?? [];
    answer(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };

describe('a name that resolves', () => {
  it.each([
    ['to loopback', ['127.0.0.1']],
    ['to a public and a private address', ['93.184.216.34', '10.0.0.8']],
    ['to mapped loopback', ['::ffff:127.0.0.1']],
    ['to translated loopback', ['64:ff9b::7f00:1']],
    ['to the metadata service', ['169.254.169.254']],
    ['to carrier-grade NAT', ['100.64.1.1']],
    ['to unique local IPv6', ['fd00::1']],
    ['to compatible loopback', ['::7f00:1']],
    ['to the virtual server of a cloud', ['168.63.129.16']],
  ])('%s is refused before anything connects', async (_, addresses) => {
    const failure = outbound({ lookup: answers(addresses) }).fetchBytes('http://pictures.example/x.png');
    await expect(failure).rejects.toMatchObject({ code: 'ADDRESS_FORBIDDEN' });
    await expect(failure).rejects.not.toThrow(/\d+\.\d+\.\d+\.\d+/);
  });

  it.each(['http://[::7f00:1]/', 'http://168.63.129.16/', 'http://[2002:7f00:1::]/', 'http://224.0.0.1/'])(
    'that spells its address is refused as well: %s',
    async (url) => {
      await expect(outbound().fetchBytes(url)).rejects.toMatchObject({ code: 'ADDRESS_FORBIDDEN' });
    },
  );

  it('to another address the second time is checked the second time', async () => {
    const server = await serve((_, response) => response.end('secret'));
    // The first hop is let through by name; its redirect leads to a name that now means loopback.
    const first = await serve((_, response) =>
      response.writeHead(302, { location: 'http://rebound.example/' }).end(),
    );
    const fetching = outbound({
      allow: [`start.example:${first.port}`],
      lookup: answers(['127.0.0.1'], ['127.0.0.1']),
    });
    await expect(fetching.fetchBytes(`http://start.example:${first.port}/`)).rejects.toMatchObject({
      code: 'ADDRESS_FORBIDDEN',
    });
    expect(server.hits()).toBe(0);
  });
});

describe('redirects', () => {
  it.each([
    ['http://127.0.0.1/', 'ADDRESS_FORBIDDEN'],
    ['file:///etc/passwd', 'URL_INVALID'],
    ['http://example.com:5432/', 'PORT_FORBIDDEN'],
  ])('to %s are refused', async (location, code) => {
    const { port } = await serve((_, response) => response.writeHead(302, { location }).end());
    await expect(
      outbound({ allow: [`127.0.0.1:${port}`] }).fetchBytes(`http://127.0.0.1:${port}/`),
    ).rejects.toMatchObject({ code });
  });

  it('are followed three times and no more', async () => {
    const { port, hits } = await serve((_, response) =>
      response.writeHead(302, { location: '/again' }).end(),
    );
    await expect(
      outbound({ allow: [`127.0.0.1:${port}`] }).fetchBytes(`http://127.0.0.1:${port}/`),
    ).rejects.toMatchObject({ code: 'TOO_MANY_REDIRECTS' });
    expect(hits()).toBe(4);
  });
});

describe('answers', () => {
  const allowed = async (listener: RequestListener, options: Parameters<typeof outbound>[0] = {}) => {
    const { port } = await serve(listener);
    return outbound({ allow: [`127.0.0.1:${port}`], ...options }).fetchBytes(`http://127.0.0.1:${port}/x`);
  };

  it('come back as bytes', async () => {
    await expect(allowed((_, response) => response.end('picture'))).resolves.toEqual(Buffer.from('picture'));
  });

  it('that are too large, too slow or no success are refused', async () => {
    await expect(allowed((_, response) => response.end(Buffer.alloc(20_000)))).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    await expect(allowed((_, response) => response.writeHead(500).end('inner words'))).rejects.toMatchObject({
      code: 'HTTP_STATUS',
    });
    const drip: RequestListener = (_, response) => {
      const timer = setInterval(() => response.write('.'), 50);
      response.on('close', () => clearInterval(timer));
    };
    await expect(allowed(drip, { timeoutMs: 400 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });
});
