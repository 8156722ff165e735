import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Segmind } from '../../../src/platform/segmind/segmind.ts';
import { failure, type ScriptedProvider, startScriptedProvider } from '../../support/scripted-provider.ts';
import type { ScriptedServer } from '../../support/scripted-server.ts';

const slug = 'consistent-character';
let provider: ScriptedProvider;
let api: ScriptedServer;
let elsewhere: ScriptedServer;

beforeEach(async () => {
  provider = await startScriptedProvider();
  ({ api, elsewhere } = provider);
});

afterEach(() => provider.close());

/** Every kind of call, and whether it may be paid for. */
function calls(segmind: Segmind): [boolean, () => Promise<unknown>][] {
  return [
    [true, () => segmind.submit(slug, { prompt: 'x' })],
    [true, () => segmind.run(slug, { prompt: 'x' })],
    [false, () => segmind.status('r')],
    [false, () => segmind.result('r')],
    [false, () => segmind.credits()],
    [false, () => segmind.upload(Buffer.from('x'), 'image/png')],
    [false, () => segmind.download(`${api.url}/a.png`)],
  ];
}

describe('nothing was sent', () => {
  it('when the connection is refused', async () => {
    const segmind = provider.client();
    await api.close();
    for (const [, call] of calls(segmind)) {
      const error = await failure(call());
      expect(error).toMatchObject({ code: 'NOT_CONNECTED', meaning: 'RETRY', httpStatus: null });
      expect(error.detail).toContain('ECONNREFUSED');
    }
  });

  it('when the name is unknown', async () => {
    // No label is this long: the resolver says so without asking a server.
    const segmind = provider.client({ baseUrl: `http://${'x'.repeat(64)}.invalid` });
    expect(await failure(segmind.submit(slug, {}))).toMatchObject({
      code: 'NOT_CONNECTED',
      meaning: 'RETRY',
    });
  });

  it('when the server does not speak TLS', async () => {
    const segmind = provider.client({ baseUrl: api.url.replace('http:', 'https:') });
    expect(await failure(segmind.submit(slug, {}))).toMatchObject({
      code: 'NOT_CONNECTED',
      meaning: 'RETRY',
    });
    expect(api.requests).toEqual([]);
  });

  it('when the TLS handshake is cut or never ends', async () => {
    const silent: Socket[] = [];
    let isSilent = false;
    const server = createServer((socket) => {
      if (isSilent) silent.push(socket);
      else socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const segmind = provider.client({ baseUrl: `https://127.0.0.1:${port}`, submitTimeoutMs: 300 });
    expect(await failure(segmind.submit(slug, {}))).toMatchObject({
      code: 'NOT_CONNECTED',
      meaning: 'RETRY',
    });
    isSilent = true;
    // By its own deadline: a connection that is given up by itself would be NOT_CONNECTED.
    expect(await failure(segmind.submit(slug, {}))).toMatchObject({ code: 'TIMED_OUT', meaning: 'RETRY' });
    for (const socket of silent) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('when the caller had changed its mind, or the client was closed', async () => {
    const segmind = provider.client();
    const aborted = AbortSignal.abort(new Error('shutting down'));
    expect(await failure(segmind.submit(slug, {}, aborted))).toMatchObject({
      code: 'ABORTED',
      meaning: 'RETRY',
    });
    await segmind.close();
    expect(await failure(segmind.submit(slug, {}))).toMatchObject({
      code: 'NOT_CONNECTED',
      meaning: 'RETRY',
    });
    expect(api.requests).toEqual([]);
  });
});

describe('something may have been sent', () => {
  it.each(['BEFORE_READING', 'AFTER_READING', 'WITHIN_ANSWER'] as const)(
    'when the socket is cut %s',
    async (cut) => {
      for (const [isPaid, call] of calls(provider.client())) {
        api.reset();
        api.script({ cut, body: { request_id: 'r', status: 'COMPLETED', output: 'https://a.example/1' } });
        const error = await failure(call());
        expect(error).toMatchObject({ code: 'CONNECTION_LOST', meaning: isPaid ? 'UNCERTAIN' : 'RETRY' });
        // Sent once: not repeated on a new connection.
        expect(api.requests).toHaveLength(1);
      }
    },
  );

  it('when no answer comes in time', async () => {
    const limits = { submitTimeoutMs: 150, pollTimeoutMs: 150, syncTimeoutMs: 150, downloadTimeoutMs: 150 };
    for (const [isPaid, call] of calls(provider.client(limits))) {
      api.reset();
      api.script({ hang: true });
      expect(await failure(call())).toMatchObject({
        code: 'TIMED_OUT',
        meaning: isPaid ? 'UNCERTAIN' : 'RETRY',
      });
      expect(api.requests).toHaveLength(1);
    }
  });

  it('when the answer drips, one byte at a time, past the deadline', async () => {
    const limits = { submitTimeoutMs: 200, pollTimeoutMs: 200, syncTimeoutMs: 200, downloadTimeoutMs: 200 };
    for (const [isPaid, call] of calls(provider.client(limits))) {
      api.script({ dripMs: 20, body: ' '.repeat(1_000) });
      // An answer that were waited for would come whole in the end.
      expect(await failure(call())).toMatchObject({
        code: 'TIMED_OUT',
        meaning: isPaid ? 'UNCERTAIN' : 'RETRY',
      });
    }
  });

  it('when the caller stops, or the client is closed, on the way', async () => {
    const segmind = provider.client();
    const stop = new AbortController();
    api.script({ hang: true }, { hang: true });
    const stopped = failure(segmind.submit(slug, {}, stop.signal));
    const closed = failure(segmind.run(slug, {}));
    while (api.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect(await stopped).toMatchObject({ code: 'ABORTED', meaning: 'UNCERTAIN' });
    await segmind.close();
    expect(await closed).toMatchObject({ code: 'CONNECTION_LOST', meaning: 'UNCERTAIN' });
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('%i is not followed', async (status) => {
    for (const [, call] of calls(provider.client())) {
      api.script({ status, headers: { location: `${elsewhere.url}/v2/${slug}` } });
      expect(['REDIRECTED', 'OUTPUT_REFUSED']).toContain((await failure(call())).code);
    }
    expect(elsewhere.requests).toEqual([]);
  });
});

describe('connections', () => {
  it('are fresh for each submit, and kept for reads', async () => {
    const segmind = provider.client();
    const queued = { body: { status: 'QUEUED' } };
    const taken = { body: { request_id: 'r' } };
    api.script(queued, queued, queued, queued, taken, taken);
    for (let read = 0; read < 4; read++) await segmind.status('r');
    for (let submit = 0; submit < 2; submit++) await segmind.submit(slug, {});
    const ports = api.requests.map(({ remotePort }) => remotePort);
    const [reads, submits] = [ports.slice(0, 4), ports.slice(4)];
    expect(new Set(reads).size).toBeLessThan(4);
    expect(new Set([...new Set(reads), ...submits]).size).toBe(new Set(reads).size + 2);
    expect(api.requests.map(({ headers }) => headers.connection)).toEqual([
      ...reads.map(() => 'keep-alive'),
      ...submits.map(() => 'close'),
    ]);
  });

  it('that are all busy let no caller wait past the deadline', async () => {
    const segmind = provider.client({ pollTimeoutMs: 10_000, downloadTimeoutMs: 200 });
    api.script(...Array.from({ length: 257 }, () => ({ hang: true }) as const));
    const busy = Array.from({ length: 256 }, () => failure(segmind.status('r')));
    while (api.requests.length < 256) await new Promise((resolve) => setImmediate(resolve));
    const error = await failure(segmind.download(`${api.url}/a.png`));
    expect(error).toMatchObject({ code: 'TIMED_OUT', meaning: 'RETRY' });
    await segmind.close();
    await Promise.all(busy);
    expect(api.requests).toHaveLength(256);
  });

  it('that one lets go serve the next, and never what was given up while it waited', async () => {
    const segmind = provider.client();
    const busyUntil = new AbortController();
    api.script(...Array.from({ length: 64 }, () => ({ hang: true }) as const), { body: { request_id: 'r' } });
    const busy = Array.from({ length: 64 }, () => failure(segmind.submit(slug, {}, busyUntil.signal)));
    while (api.requests.length < 64) await new Promise((resolve) => setImmediate(resolve));
    const stop = new AbortController();
    const givenUp = failure(segmind.submit(slug, { prompt: 'given up' }, stop.signal));
    const next = segmind.submit(slug, { prompt: 'next' });
    stop.abort();
    expect(await givenUp).toMatchObject({ code: 'ABORTED', meaning: 'RETRY' });
    busyUntil.abort();
    for (const error of await Promise.all(busy))
      expect(error).toMatchObject({ code: 'ABORTED', meaning: 'UNCERTAIN' });
    expect(await next).toMatchObject({ requestId: 'r' });
    expect(api.requests).toHaveLength(65);
    expect(api.requests.at(-1)?.body.toString()).toContain('next');
  });
});
