import { afterEach, expect, it } from '@jest/globals';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

it('a run that never ends is shown as slow, polled on, and let go when the provider forgets it; paid for', async () => {
  dramatis = await Dramatis.start({
    simulator: { retentionMs: 4_000 },
    environment: { SEGMIND_SLOW_AFTER_MS: '1000', SEGMIND_RETENTION_MS: '4000' },
  });
  const { characterId } = await dramatis.cast();
  const states = await dramatis.follow(await dramatis.generate(characterId, '[[simulate:stuck]]'));
  expect(states.find(({ isSlow }) => isSlow)).toMatchObject({ status: 'PROCESSING' });
  expect(states.at(-1)).toMatchObject({
    status: 'FAILED',
    cost: '0.085000',
    failure: { code: 'RESULT_EXPIRED' },
  });
  expect(
    dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/')),
  ).toHaveLength(1);
});

it('workers that were away longer than the provider keeps results: expired, paid for, not submitted again', async () => {
  dramatis = await Dramatis.start({
    simulator: { retentionMs: 1_500 },
    environment: { ROLE: 'api', SEGMIND_RETENTION_MS: '1500' },
  });
  const { characterId } = await dramatis.cast();
  const worker = await startServerProcess(dramatis, { ROLE: 'worker' });
  const id = await dramatis.generate(characterId, '[[simulate:slow=20]]');
  await eventually('it to be submitted', async () => {
    const rows = await dramatis.database.query(
      "SELECT 1 FROM generations WHERE status IN ('SUBMITTED', 'PROCESSING')",
    );
    return rows.length > 0;
  });
  worker.signal('SIGKILL');
  await worker.exited;
  await delay(1_800);
  await startServerProcess(dramatis, { ROLE: 'worker' });
  expect(await dramatis.settle(id)).toMatchObject({
    status: 'FAILED',
    cost: '0.085000',
    failure: { code: 'RESULT_EXPIRED' },
  });
  expect(
    dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/')),
  ).toHaveLength(1);
});

it('an answer of one byte a second holds up its own run only, and that not for ever', async () => {
  dramatis = await Dramatis.start();
  const { characterId } = await dramatis.cast();
  const slow = await dramatis.generate(characterId, '[[simulate:poll-drip]]');
  const others = await Promise.all([1, 2, 3].map(() => dramatis.generate(characterId)));
  const settled = await Promise.all(others.map((id) => dramatis.settle(id)));
  expect(settled.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
  const rows = await dramatis.database.query(
    "SELECT 1 FROM generations WHERE status IN ('SUBMITTED', 'PROCESSING')",
  );
  expect(rows).toHaveLength(1);
  expect(await dramatis.settle(slow)).toMatchObject({ status: 'COMPLETED' });
});

it('a server that cannot start says why in one line and exits with 1', async () => {
  dramatis = await Dramatis.start();
  const port = new URL(dramatis.url).port;
  await expect(startServerProcess(dramatis, { PORT: port })).rejects.toThrow(
    `ended with 1: Dramatis cannot start: port ${port} on 127.0.0.1 is in use`,
  );
  await expect(
    startServerProcess(dramatis, { DATABASE_URL: 'postgresql://u:hush@127.0.0.1:1/x' }),
  ).rejects.toThrow(
    /ended with 1: Dramatis cannot start: the database at 127\.0\.0\.1:1\/x does not answer: [^\n]*ECONNREFUSED[^\n]*\n$/,
  );
  await expect(startServerProcess(dramatis, { PORT: 'x', ROLE: 'y' })).rejects.toThrow(
    /2 problem\(s\):\n {2}PORT .*\n {2}ROLE /,
  );
});
