import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';
import { frame, openBareSocket } from '../support/frames.ts';
import { type OpenBody, openBody } from '../support/open-body.ts';
import { apiKey, mutate, team, token } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const mib = 1_048_576;
let dramatis: Dramatis;
let server: ServerProcess;
let cast: Awaited<ReturnType<typeof team>>;
let greedy: { key: string };
beforeAll(async () => {
  dramatis = await Dramatis.start({ servers: 0, environment: { COST_BURST: '100000' } });
  server = await startServerProcess(dramatis);
  dramatis.url = server.url;
  cast = await team(dramatis);
  greedy = cast.editor;
});
afterAll(() => dramatis.stop());

/** The memory of the server's process now, in bytes. */
const memory = () =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) * 1_024;
const isServed = async (who: { key: string }) =>
  (await dramatis.ask('{ viewer { kind } }', {}, who)).status === 200;

/** Many bodies that are begun at once and not ended. */
async function hold(
  count: number,
  sizeBytes: number,
  options: Omit<Parameters<typeof openBody>[1], 'length'> & { isChunked?: boolean; pieceBytes?: number },
): Promise<OpenBody[]> {
  const { isChunked = false, pieceBytes = 256 * 1_024, ...request } = options;
  const length = isChunked ? {} : { length: sizeBytes + 1 };
  const piece = Buffer.alloc(pieceBytes, ' ');
  return Promise.all(
    Array.from({ length: count }, async () => {
      const body = await openBody(server.url, { ...request, ...length });
      for (let sent = 0; sent < sizeBytes && body.status() === 0; sent += pieceBytes) await body.write(piece);
      return body;
    }),
  );
}

const images = () => `/images?projectId=${cast.projectId}`;

describe('bodies that one viewer holds open', () => {
  it.each<[string, number, number, () => Parameters<typeof hold>[2]]>([
    ['JSON', 40, 30 * mib, () => greedy],
    ['JSON in chunks, which announce no length', 40, 30 * mib, () => ({ ...greedy, isChunked: true })],
    ['pictures', 60, 18 * mib, () => ({ ...greedy, path: images(), type: 'image/png' })],
    [
      'pictures in chunks',
      60,
      18 * mib,
      () => ({ ...greedy, path: images(), type: 'image/png', isChunked: true }),
    ],
  ])('%s: take no more than their share, and others are served', async (_, count, sizeBytes, options) => {
    await isServed(cast.owner);
    const before = memory();
    const bodies = await hold(count, sizeBytes, options());
    const refused = () => bodies.filter(({ status }) => status() === 429);
    // The share is 64 MiB: two of the bodies have room in it, or three of the pictures.
    await eventually('the others to be refused', () => refused().length >= count - 3);
    const first = refused()[0]?.answer() ?? '';
    expect(first).toMatch(/\r\nretry-after: \d+\r\n/i);
    expect(first).toContain('"code":"RATE_LIMITED"');
    expect(bodies.filter(({ status }) => status() === 0).length).toBeGreaterThan(0);
    // Of 1.1 GB that were sent.
    expect(memory() - before).toBeLessThan(4 * 64 * mib);
    expect(await isServed(cast.owner)).toBe(true);
    // They can still ask for something small themselves.
    expect(await isServed(greedy)).toBe(true);
    for (const body of bodies) body.cut();
    await eventually('the share to be given back', async () => {
      const again = await hold(1, 30 * mib, greedy);
      const isTaken = again[0]?.status() === 0;
      for (const body of again) body.cut();
      return isTaken;
    });
  });

  it('in pieces of a byte: count as the memory that they take', async () => {
    await isServed(cast.owner);
    const before = memory();
    const pieces = Buffer.from('1\r\n \r\n'.repeat(10_000));
    const bodies = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const body = await openBody(server.url, greedy);
        for (let round = 0; round < 60 && body.status() === 0; round += 1) await body.writeRaw(pieces);
        return body;
      }),
    );
    await eventually('one to be refused', () => bodies.some(({ status }) => status() === 429));
    expect(memory() - before).toBeLessThan(4 * 64 * mib);
    for (const body of bodies) body.cut();
  });

  it('are given back when their requests are answered, whatever the answer is', async () => {
    const query = `{ viewer { kind } } #${'x'.repeat(10 * mib)}`;
    for (let round = 0; round < 9; round += 1)
      expect((await dramatis.ask(query, {}, greedy)).status).toBe(400);
    const picture = Buffer.alloc(10 * mib, 1);
    for (let round = 0; round < 9; round += 1) {
      const answer = await fetch(`${server.url}${images()}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${greedy.key}`, 'content-type': 'image/png' },
        body: picture,
      });
      expect(answer.status).toBe(400);
    }
  });
});

it('strangers send nothing that is kept, wherever they send it', async () => {
  const before = memory();
  for (const [path, key] of [
    ['/graphql', undefined],
    ['/graphql', 'dramatis_key_wrong'],
    [images(), undefined],
    ['/nowhere', undefined],
    ['/images/unknown', undefined],
    ['/livez', undefined],
  ] as const) {
    const bodies = await hold(20, 20 * mib, { path, ...(key ? { key } : {}) });
    await eventually('answers', () => bodies.every(({ status }) => [401, 404, 429].includes(status())));
    for (const body of bodies) body.cut();
  }
  expect(memory() - before).toBeLessThan(64 * mib);
  expect(await isServed(cast.owner)).toBe(true);
});

describe('bodies that several viewers hold open', () => {
  it('take no more than the process has, told once; what is small goes on', async () => {
    const small = await startServerProcess(dramatis, {
      MAX_BODY_BYTES: '1000000',
      MAX_IMAGE_BYTES: '1000000',
      MAX_BYTES_IN_FLIGHT_PER_VIEWER: '2000000',
      MAX_BYTES_IN_FLIGHT: '4000000',
    });
    const viewers = await Promise.all(['one', 'two', 'three', 'four'].map((name) => token(name)));
    const bodies: OpenBody[] = [];
    for (const key of viewers) {
      for (let index = 0; index < 2; index += 1) {
        const body = await openBody(small.url, { key });
        bodies.push(body);
        for (let round = 0; round < 12; round += 1) await body.write(Buffer.alloc(65_536, ' '));
      }
    }
    const refused = () => bodies.filter(({ status }) => status() === 503);
    await eventually('some to be refused', () => refused().length > 0);
    expect(refused()[0]?.answer()).toMatch(/\r\nretry-after: \d+\r\n/i);
    expect(refused()[0]?.answer()).toContain('"code":"SERVICE_UNAVAILABLE"');
    // They fill what is left with small requests as well.
    for (const key of viewers) {
      for (let index = 0; index < 10; index += 1) {
        const body = await openBody(small.url, { key });
        bodies.push(body);
        for (let round = 0; round < 12 && body.status() === 0; round += 1)
          await body.write(Buffer.alloc(5_000, ' '));
      }
    }
    for (const key of [adminKey, cast.viewer.key, cast.owner.key]) {
      const { status } = await dramatis.ask('{ viewer { kind } }', {}, { url: small.url, key });
      expect(status).toBe(200);
      const socket = await openBareSocket(small.url, key);
      await socket.write(frame('text', '{"type":"ping"}'));
      await eventually('an answer', () => socket.texts().includes('{"type":"pong"}'));
      socket.stream.destroy();
    }
    const told = 'clients have sent as many bytes as this process accepts at a time, and some are refused';
    expect(small.logged(told)).toBe(1);
    expect(small.logged('a request failed')).toBe(0);
    for (const body of bodies) body.cut();
    await eventually('the end of it', () =>
      small.logged('clients are not refused any more because of the bytes of other clients'),
    );
  });
});

it('the service keys of one project have one share', async () => {
  const keys = await Promise.all([1, 2, 3].map(() => apiKey(dramatis, cast.owner, cast.projectId)));
  const bodies = await Promise.all(keys.map((key) => hold(1, 30 * mib, key)));
  await eventually('one to be refused', () => bodies.flat().some(({ status }) => status() === 429));
  for (const body of bodies.flat()) body.cut();
});

describe('pictures', () => {
  it('that a viewer has fetched count for them as they come, and are given back', async () => {
    // Sends most of a picture and then nothing more.
    const waiting = new Set<ServerResponse>();
    const host = createServer((_, response) => {
      response.write(Buffer.alloc(15 * mib));
      waiting.add(response);
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    const { port } = host.address() as AddressInfo;
    const fetching = await startServerProcess(dramatis, { FETCH_ALLOW: `127.0.0.1:${port}` });
    const added = await mutate(
      dramatis,
      greedy,
      'createCharacter',
      { projectId: cast.projectId, name: 'Mara' },
      'character { id }',
    );
    const add = () =>
      dramatis.ask(
        `mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { userErrors { code } } }`,
        {
          input: {
            characterId: added.character.id,
            kind: 'FACE',
            source: { url: `http://127.0.0.1:${port}/x.png` },
          },
        },
        { ...greedy, url: fetching.url },
      );
    const answers: Promise<string>[] = [];
    const outcome = async () => {
      const { data, errors } = await add();
      return errors?.[0]?.extensions.code ?? data.addReferenceImage.userErrors[0]?.code;
    };
    for (let index = 0; index < 12; index += 1) answers.push(outcome());
    await eventually('all to have been asked for', () => waiting.size === 12);
    const refused = await Promise.race(answers);
    expect(refused).toBe('RATE_LIMITED');
    const { status } = await dramatis.ask('{ viewer { kind } }', {}, { ...cast.owner, url: fetching.url });
    expect(status).toBe(200);
    for (const response of waiting) response.end();
    const outcomes = await Promise.all(answers);
    expect(new Set(outcomes)).toEqual(new Set(['RATE_LIMITED', 'IMAGE_NOT_A_PICTURE']));
    expect(outcomes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThanOrEqual(12 - 4);
    const again = outcome();
    await eventually('another', () => waiting.size === 13);
    for (const response of waiting) response.end();
    expect(await again).toBe('IMAGE_NOT_A_PICTURE');
    host.closeAllConnections();
    host.close();
  });

  it('that are small and decode to much are decoded one at a time for one viewer', async () => {
    const large = await sharp({ create: { width: 5_000, height: 5_000, channels: 3, background: 'teal' } })
      .withMetadata({ orientation: 6 })
      .jpeg({ progressive: true })
      .toBuffer();
    expect(large.length).toBeLessThan(mib);
    const upload = async () => {
      const answer = await fetch(`${server.url}${images()}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${greedy.key}`, 'content-type': 'image/jpeg' },
        body: new Uint8Array(large),
      });
      return answer.status;
    };
    expect(await upload()).toBe(201);
    const most = await highest(async () => {
      expect(await Promise.all(Array.from({ length: 6 }, upload))).toEqual(Array(6).fill(201));
    });
    // Nine bytes a pixel, for each that is decoded: six at once would take 1.3 GB, or four, if no more threads are there.
    expect(most).toBeLessThan(3 * 9 * 25_000_000);
  });
});

/** How much memory the server takes at the most while work is done, above what it takes before. */
async function highest(work: () => Promise<void>): Promise<number> {
  const before = memory();
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, memory() - before);
  }, 5);
  await work().finally(() => clearInterval(timer));
  return most;
}

it('JSON of very many values is refused before it is read, since each takes twenty times its bytes', async () => {
  const before = memory();
  const ask = (json: string) =>
    fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${greedy.key}`, 'content-type': 'application/json' },
      body: `{"query":"{ __typename }","variables":{"x":${json}}}`,
    });
  for (const value of ['{}', '[]', '1', '""', '{"a":1}']) {
    const answer = await ask(`[${`${value},`.repeat(3_000_000)}0]`);
    expect([value, answer.status]).toEqual([value, 400]);
  }
  expect(memory() - before).toBeLessThan(4 * 64 * mib);
  // What is in a text is no value.
  expect((await ask(JSON.stringify(',{["\\'.repeat(100_000)))).status).toBe(200);
});
