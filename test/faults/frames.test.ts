import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { type BareSocket, frame, opcodes, openBareSocket } from '../support/frames.ts';
import { team, token } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

/** Those of one viewer, half of them over one socket: few, so that what is sent is many times what is worked on, however slow the machine is. */
const framesPerSecond = 100;
let dramatis: Dramatis;
let server: ServerProcess;
let cast: Awaited<ReturnType<typeof team>>;
beforeAll(async () => {
  dramatis = await Dramatis.start({
    servers: 0,
    environment: { COST_BURST: '100000', WS_FRAMES_PER_SECOND: String(framesPerSecond) },
  });
  server = await startServerProcess(dramatis);
  dramatis.url = server.url;
  cast = await team(dramatis);
});
afterAll(() => dramatis.stop());

const loud = () => server.log.filter(({ level }) => level === 'warn' || level === 'error');
const message = (text: object | string) =>
  frame('text', typeof text === 'string' ? text : JSON.stringify(text));
const ofKind = ({ frames }: BareSocket, opcode: number) =>
  frames().filter((each) => each.opcode === opcode).length;

/** Sends a frame very often, in large writes, while others are served over HTTP. */
async function flood(socket: BareSocket, each: Buffer, count: number): Promise<void> {
  const some = Buffer.concat(Array.from({ length: 5_000 }, () => each));
  const sending = (async () => {
    for (let sent = 0; sent < count && !socket.isClosed(); sent += 5_000) await socket.write(some);
  })();
  for (let index = 0; index < 20; index += 1)
    expect((await dramatis.ask('{ viewer { kind } }', {}, cast.owner)).status).toBe(200);
  // Most of it may never be read.
  await Promise.race([sending, delay(1_000)]);
}

describe('a flood on one socket, while others are served', () => {
  const count = 400_000;
  const few = count / 100;
  /** Each socket has its own viewer, because the messages of the viewer before may still be worked on. */
  const open = async (name: string) => openBareSocket(server.url, await token(name));

  it('of pings: few are answered, the rest is not read, and the socket is closed by name', async () => {
    const socket = await open('pings');
    await flood(socket, frame('ping'), count);
    const answered = ofKind(socket, opcodes.pong);
    expect(answered).toBeGreaterThanOrEqual(framesPerSecond / 2);
    expect(answered).toBeLessThan(few);
    await eventually('the end', () => socket.closing(), 60_000);
    expect(socket.closing()).toBe('1008 TOO_MANY_FRAMES');
    await eventually('the connection to be cut', () => socket.isClosed());
    expect(ofKind(socket, opcodes.pong)).toBeLessThan(few);
  }, 90_000);

  it("of the protocol's own pings: few are answered, and the rest is not read", async () => {
    const socket = await open('own-pings');
    await flood(socket, message({ type: 'ping' }), count);
    expect(socket.texts().length).toBeLessThan(few);
    socket.stream.destroy();
  });

  it.each<[string, () => Buffer]>([
    ['pongs', () => frame('pong')],
    ["the protocol's own pongs", () => message({ type: 'pong' })],
    ['ends of what was never begun', () => message({ id: 'nothing', type: 'complete' })],
    ['fragments of a byte, each of a message', () => frame('continuation', ' ', { isLast: false })],
  ])('of %s: what comes behind it is not reached', async (name, make) => {
    const socket = await open(name);
    const each = make();
    if (name.startsWith('fragments')) await socket.write(frame('text', '', { isLast: false }));
    await flood(socket, each, count / 10);
    void socket.write(frame('ping'));
    for (let index = 0; index < 5; index += 1) await dramatis.ask('{ viewer { kind } }', {}, cast.owner);
    expect([ofKind(socket, opcodes.pong), socket.closing()]).toEqual([0, null]);
    socket.stream.destroy();
  });

  it('of empty fragments at the common rate: one message has too many of them', async () => {
    const common = await startServerProcess(dramatis, { WS_FRAMES_PER_SECOND: '2000' });
    const socket = await openBareSocket(common.url, cast.editor.key);
    await socket.write(frame('text', '', { isLast: false }));
    const empty = frame('continuation', '', { isLast: false });
    void socket.write(Buffer.concat(Array.from({ length: 2_000 }, () => empty)));
    await eventually('the end', () => socket.closing());
    expect(socket.closing()).toMatch(/^1008/);
    expect(common.log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('over several sockets of one viewer: together they may send what two of them may', async () => {
    const startedAt = performance.now();
    const sockets = await Promise.all(Array.from({ length: 10 }, () => open('many')));
    await Promise.all(sockets.map((socket) => flood(socket, frame('ping'), 20_000)));
    // An answer may be on its way.
    await delay(1_000);
    const answered = sockets.reduce((sum, socket) => sum + ofKind(socket, opcodes.pong), 0);
    const seconds = (performance.now() - startedAt) / 1_000;
    // What is there at the start, and what comes back.
    expect(answered).toBeLessThanOrEqual(framesPerSecond * (1 + seconds));
    for (const { stream } of sockets) stream.destroy();
  });

  it('leaves the other sockets of its viewer half of what they may send', async () => {
    const socket = await open('half');
    await flood(socket, frame('ping'), count);
    const other = await open('half');
    for (let index = 1; index <= 20; index += 1) {
      await other.write(frame('ping'));
      await eventually('an answer', () => ofKind(other, opcodes.pong) === index);
    }
    for (const { stream } of [socket, other]) stream.destroy();
  });

  it('of a stranger, who may send less still', async () => {
    const socket = await openBareSocket(server.url);
    await flood(socket, frame('ping'), count);
    await eventually('the end', () => socket.closing());
    expect(socket.closing()).toBe('4408 Connection initialisation timeout');
    expect(ofKind(socket, opcodes.pong)).toBeLessThan(framesPerSecond * 10);
    socket.stream.destroy();
  });
});

it('who sends much at once and then waits loses nothing, and is not taken for gone', async () => {
  const socket = await openBareSocket(server.url, cast.viewer.key);
  const asked = Array.from({ length: 500 }, (_, id) =>
    message({ id: String(id), type: 'subscribe', payload: { query: '{ viewer { kind } }' } }),
  );
  await socket.write(Buffer.concat(asked));
  await eventually(
    'all answers',
    () => socket.texts().filter((text) => /"type":"(next|error)"/.test(text)).length === 500,
    40_000,
  );
  expect(socket.closing()).toBeNull();
  socket.stream.destroy();
});

describe('messages that never end', () => {
  it.each<[string, () => Buffer]>([
    ['one that announces much', () => frame('text', 'x'.repeat(60_000)).subarray(0, 40_000)],
    [
      'one in pieces',
      () =>
        Buffer.concat([
          frame('text', 'x'.repeat(20_000), { isLast: false }),
          frame('continuation', 'x'.repeat(20_000), { isLast: false }),
        ]),
    ],
  ])('%s is not kept for a stranger', async (_, make) => {
    const socket = await openBareSocket(server.url);
    await socket.write(make());
    await eventually('the end', () => socket.closing());
    expect(socket.closing()).toBe('1009 MESSAGE_TOO_LARGE');
    await eventually('the connection to be cut', () => socket.isClosed());
  });

  /** Sends a frame's payload byte by byte, each in a packet of its own, until the socket is closed. */
  async function drip(socket: BareSocket): Promise<void> {
    socket.stream.setNoDelay(true);
    await socket.write(frame('text', 'x'.repeat(60_000)).subarray(0, 8));
    for (let sent = 0; sent < 59_000 && !socket.closing(); sent += 1) {
      await socket.write(Buffer.from('x'));
      await nextTurn();
    }
  }

  it('in pieces of a byte count as the memory that they take', async () => {
    const small = await startServerProcess(dramatis, {
      MAX_BODY_BYTES: '50000',
      MAX_IMAGE_BYTES: '50000',
      MAX_BYTES_IN_FLIGHT_PER_VIEWER: '100000',
      MAX_BYTES_IN_FLIGHT: '1000000',
    });
    const socket = await openBareSocket(small.url, cast.editor.key);
    await drip(socket);
    await eventually('the end', () => socket.closing());
    expect(socket.closing()).toBe('1013 RATE_LIMITED');
  });

  it('in very many chunks are refused where there is room for them', async () => {
    const socket = await openBareSocket(server.url, cast.editor.key);
    await drip(socket);
    await eventually('the end', () => socket.closing());
    expect(socket.closing()).toMatch(/^1008/);
    expect(loud()).toEqual([]);
  });

  it('count for the viewer who sends them, until they are over', async () => {
    const small = await startServerProcess(dramatis, {
      MAX_BODY_BYTES: '50000',
      MAX_IMAGE_BYTES: '50000',
      MAX_BYTES_IN_FLIGHT_PER_VIEWER: '200000',
      MAX_BYTES_IN_FLIGHT: '1000000',
    });
    const begun = frame('text', 'x'.repeat(60_000)).subarray(0, 50_000);
    const sockets = await Promise.all(
      Array.from({ length: 8 }, () => openBareSocket(small.url, cast.editor.key)),
    );
    for (const socket of sockets) {
      await socket.write(begun);
      await delay(50);
    }
    const closed = () => sockets.flatMap((socket) => socket.closing() ?? []);
    await eventually('those above the share to be closed', () => closed().length >= 3);
    expect(new Set(closed())).toEqual(new Set(['1013 RATE_LIMITED']));
    const other = await openBareSocket(small.url, cast.viewer.key);
    await other.write(begun);
    await other.write(frame('ping'));
    for (const { stream } of sockets) stream.destroy();
    await eventually('room again', async () => {
      const again = await openBareSocket(small.url, cast.editor.key);
      await again.write(
        frame('text', JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(50_000) } })),
      );
      await eventually('an answer', () => again.texts().length > 1 || again.closing());
      again.stream.destroy();
      return again.texts()[1] === '{"type":"pong"}';
    });
    expect(other.closing()).toBeNull();
    other.stream.destroy();
  });
});

describe('what only a server says', () => {
  it.each([
    [{ id: '1', type: 'next', payload: { data: {} } }],
    [{ id: '1', type: 'error', payload: [{ message: 'x' }] }],
    [{ type: 'connection_ack' }],
    [{ type: 'nonsense' }],
    ['no JSON'],
    [''],
    ['null'],
    ['[]'],
  ])(
    '%j closes the socket with 4400, of a stranger and of a viewer, and is no error of ours',
    async (said) => {
      for (const key of [undefined, cast.editor.key]) {
        const socket = await openBareSocket(server.url, key);
        await socket.write(message(said));
        await eventually('the end', () => socket.closing());
        expect(socket.closing()).toBe('4400 Invalid message received');
        socket.stream.destroy();
      }
      expect(loud()).toEqual([]);
    },
  );
});
