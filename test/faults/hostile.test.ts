import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { createSchema } from '../../src/server/schema.ts';
import { delay } from '../support/delay.ts';
import { Dramatis } from '../support/dramatis.ts';
import { createChance, createGrammar, type HostileOperation } from '../support/grammar.ts';
import { mutate, token } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { isThorough } from '../support/thorough.ts';

/** Over each of the two transports. */
const documents = isThorough ? 10_500 : 2_500;
const atOnce = 8;
const seed = 20_261_121;

let dramatis: Dramatis;
let server: ServerProcess;
let key: string;
let ids: string[];
beforeAll(async () => {
  dramatis = await Dramatis.start({
    servers: 0,
    environment: { COST_BURST: '100000000', AUTH_FAILURES_PER_MINUTE: '1000000', LOG_LEVEL: 'warn' },
  });
  server = await startServerProcess(dramatis, { LOG_LEVEL: 'info' });
  dramatis.url = server.url;
  key = await token('mallory');
  const { project } = await mutate(dramatis, { key }, 'createProject', { name: 'Mine' }, 'project { id }');
  const { character } = await mutate(
    dramatis,
    { key },
    'createCharacter',
    { projectId: project.id, name: 'Mara' },
    'character { id }',
  );
  ids = [
    project.id,
    character.id,
    'nonsense',
    Buffer.from('Project:0192f0c1-2222-7333-8444-555555555555').toString('base64url'),
    '',
  ];
});
afterAll(() => dramatis.stop());

const peakMegabytes = () =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1_024;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

interface Outcome {
  readonly code: string | null;
  readonly tookMs: number;
}

/** Asks the same questions in the same order in every run, a few at a time. */
async function askAll(
  from: number,
  ask: (operation: HostileOperation) => Promise<Outcome>,
): Promise<Outcome[]> {
  const make = createGrammar(await createSchema(), createChance(seed + from), ids);
  const outcomes: Outcome[] = [];
  let left = documents;
  const asker = async () => {
    while (left > 0) {
      left -= 1;
      outcomes.push(await ask(make()));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, asker));
  return outcomes;
}

function expectHarmless(outcomes: readonly Outcome[]): void {
  expect(outcomes).toHaveLength(documents);
  const count = Map.groupBy(outcomes, ({ code }) => code ?? 'answered');
  const told = Object.fromEntries([...count].map(([code, list]) => [code, list.length]));
  // Nothing unexpected, and the grammar reached what it was made for.
  expect(Object.keys(told)).not.toContain('INTERNAL_SERVER_ERROR');
  expect(Object.keys(told)).not.toContain('SERVICE_UNAVAILABLE');
  for (const code of [
    'answered',
    'GRAPHQL_PARSE_FAILED',
    'GRAPHQL_VALIDATION_FAILED',
    'DOCUMENT_LIMIT_EXCEEDED',
    'COST_LIMIT_EXCEEDED',
    'NOT_FOUND',
    'BAD_USER_INPUT',
  ]) {
    expect([code, (told[code] ?? 0) > 10]).toEqual([code, true]);
  }
  const refused = outcomes.filter(
    ({ code }) => code?.startsWith('GRAPHQL_') || code?.endsWith('_LIMIT_EXCEEDED'),
  );
  const medianOf = (some: readonly Outcome[]) => median(some.map(({ tookMs }) => tookMs));
  // Both in the same crowd: to be refused takes no longer than to be answered.
  expect(medianOf(refused)).toBeLessThan(2 * medianOf(outcomes.filter(({ code }) => code === null)));
}

describe('thousands of hostile documents', () => {
  it('over HTTP: no 5xx, no crash, quick refusals', async () => {
    const outcomes = await askAll(0, async (operation) => {
      const startedAt = performance.now();
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(operation),
      });
      const text = await response.text();
      const tookMs = performance.now() - startedAt;
      if (response.status >= 500)
        throw new Error(
          `${response.status} ${text.slice(0, 500)} for ${JSON.stringify(operation).slice(0, 2_000)}`,
        );
      const { errors } = JSON.parse(text) as { errors?: { extensions: { code: string } }[] };
      return { code: errors?.[0]?.extensions.code ?? null, tookMs };
    });
    expectHarmless(outcomes);
  }, 240_000);

  it('over WebSocket: no crash, no closed socket, quick refusals', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const waiting = new Map<string, (code: string | null) => void>();
    let closed: number | undefined;
    socket.on('close', (code) => {
      closed = code;
      for (const resolve of waiting.values()) resolve(`closed ${code}`);
    });
    await new Promise<void>((resolve) => {
      socket.on('open', () =>
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } })),
      );
      socket.on('message', (text) => {
        const message = JSON.parse(String(text)) as {
          type: string;
          id: string;
          payload?: { errors?: unknown[] } | unknown[];
        };
        if (message.type === 'connection_ack') return resolve();
        const errors = (Array.isArray(message.payload) ? message.payload : message.payload?.errors) as
          | { extensions: { code: string } }[]
          | undefined;
        if (message.type === 'next' || message.type === 'error')
          waiting.get(message.id)?.(errors?.[0]?.extensions.code ?? null);
        return undefined;
      });
    });
    let last = 0;
    const outcomes = await askAll(1, async (operation) => {
      // A message larger than the server takes ends the socket: that is another test's business.
      const query = operation.query.slice(0, 40_000);
      last += 1;
      const id = String(last);
      const startedAt = performance.now();
      // Names and variables of a wrong shape are refused by the protocol itself, which closes the socket.
      const isSound = typeof operation.operationName !== 'number';
      const payload = {
        ...operation,
        query: query || ' ',
        operationName: isSound ? operation.operationName : null,
      };
      const code = await new Promise<string | null>((resolve) => {
        const answered = new AbortController();
        waiting.set(id, (code) => {
          answered.abort();
          resolve(code);
        });
        socket.send(JSON.stringify({ id, type: 'subscribe', payload }));
        // A subscription that stands has nothing to tell for now.
        delay(3_000, answered.signal).then(
          () => resolve(null),
          () => undefined,
        );
      });
      waiting.delete(id);
      if (closed === undefined) socket.send(JSON.stringify({ id, type: 'complete' }));
      else throw new Error(`closed with ${closed} after ${JSON.stringify(payload).slice(0, 2_000)}`);
      return { code, tookMs: performance.now() - startedAt };
    });
    socket.close();
    expectHarmless(outcomes);
  }, 240_000);

  it('leave the server alive, in bounded memory, with nothing unexpected in its log', async () => {
    expect(server.child.exitCode).toBeNull();
    expect((await dramatis.ask('{ viewer { kind } }', {}, { key })).data).toEqual({
      viewer: { kind: 'USER' },
    });
    expect(peakMegabytes()).toBeLessThan(700);
    expect(server.log.filter(({ level }) => level === 'error' || level === 'fatal').slice(0, 3)).toEqual([]);
  });
});
