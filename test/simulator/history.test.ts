import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { post, read, start, submit } from '../support/simulator.ts';

const path = '/inference-request/generations';
const whole = '/inference-request/request-history';
const dayMs = 24 * 3_600_000;

describe('the lists of past runs', () => {
  it('are refused without a key, and without a sound query', async () => {
    const simulator = await start();
    expect((await read(simulator, path, {})).status).toBe(401);
    for (const query of ['page=0', 'page=x', 'start_date=soon', 'start_date=2026-02-02&end_date=2026-02-01'])
      expect([query, (await read(simulator, `${path}?${query}`)).status]).toEqual([query, 400]);
    for (const query of ['per_page=101', 'per_page=-1', 'from_date=2026-01-01&to_date=2026-02-01'])
      expect([query, (await read(simulator, `${whole}?${query}`)).status]).toEqual([query, 400]);
    expect((await read(simulator, `${whole}?from_date=2026-01-01&to_date=2026-01-31`)).status).toBe(200);
  });

  it('are not there when switched off, and can be offered later', async () => {
    const simulator = await start({ hasHistory: false });
    const status = async () => (await read(simulator, path)).status;
    expect(await status()).toBe(404);
    simulator.hasHistory = true;
    expect(await status()).toBe(200);
    simulator.hasHistory = false;
    expect(await status()).toBe(404);
    expect((await read(simulator, '/inference-request/other')).status).toBe(404);
  });

  it('tell a run while it waits, when it is complete with a row for each output, and when it failed', async () => {
    let now = Date.parse('2026-09-10T12:00:00Z');
    const simulator = await start({ speed: 1, now: () => now });
    const body = { seed: 7, prompt: 'at the sea', number_of_outputs: 2 };
    const id = await submit(simulator, body);
    const failed = await submit(simulator, { prompt: '[[simulate:failed=cold]]' });
    const rows = async (list: string) => (await read(simulator, list)).body.data as unknown as object[];
    const pending = {
      model_status: 'PENDING',
      credits_deduction: null,
      latency_ms: null,
      generation_url: null,
    };
    expect(await rows(whole)).toMatchObject([
      { request_id: failed, ...pending },
      { request_id: id, ...pending },
    ]);
    expect(await rows(path)).toEqual([]);
    now += 61_000;
    const shared = {
      request_id: id,
      model_name: 'consistent-character',
      credits_deduction: 0.17,
      latency_ms: 61_000,
    };
    const at = '2026-09-10T12:00:00.000Z';
    const urls = [0, 1].map((index) => ({
      generation_url: `${simulator.url}/generations/${id}-${index}.webp`,
    }));
    expect(await rows(path)).toEqual(
      urls.map((url) => ({
        ...shared,
        ...url,
        status: 'COMPLETED',
        prompt: 'at the sea',
        parameters: body,
        created_at: at,
      })),
    );
    expect(await rows(whole)).toMatchObject([
      {
        request_id: failed,
        model_status: 'FAILED',
        credits_deduction: 0,
        error: 'cold',
        generation_url: null,
      },
      ...urls.map((url) => ({
        ...shared,
        ...url,
        model_status: 'COMPLETED',
        request_body: body,
        model_created: at,
      })),
    ]);
    expect(await rows(`${whole}?status=FAILED`)).toHaveLength(1);
  });

  it('remember what can no longer be polled, lost answers and all, over a restart', async () => {
    let now = Date.parse('2026-09-10T12:00:00Z');
    const options = {
      directory: await mkdtemp(join(tmpdir(), 'simulator-')),
      now: () => now,
      speed: 1,
    };
    const first = await startSimulator(options);
    for (const fault of ['504', 'reset', '500']) {
      await post(first, '/v2/consistent-character', {
        seed: Number(fault) || 0,
        prompt: `[[simulate:accept-then-${fault}]]`,
      }).catch(() => undefined);
      now += 1_000;
    }
    await first.close();
    const simulator = await start(options);
    now += 2 * dayMs;
    const { body } = await read(simulator, `${path}?start_date=2026-09-10&end_date=2026-09-10`);
    expect(body.data).toMatchObject([
      { parameters: { seed: 500 } },
      { parameters: { seed: 0 } },
      { parameters: { seed: 504 } },
    ]);
    expect(simulator.bill).toHaveLength(3);
    expect((await read(simulator, `${path}?start_date=2026-09-11`)).body.data).toEqual([]);
    expect((await read(simulator, `${path}?end_date=2026-09-09`)).body.data).toEqual([]);
    expect((await read(simulator, `${path}?model_name=with-pose`)).body.data).toEqual([]);
  });

  it('come in pages, newest first', async () => {
    const simulator = await start();
    const ids: string[] = [];
    for (let count = 0; count < 21; count += 1) ids.unshift(await submit(simulator, { seed: count }));
    const page = async (query: string) =>
      ((await read(simulator, `${whole}?${query}`)).body.data as unknown as { request_id: string }[]).map(
        (row) => row.request_id,
      );
    expect(await page('page=1')).toEqual(ids.slice(0, 20));
    expect(await page('page=2')).toEqual(ids.slice(20));
    expect(await page('page=3')).toEqual([]);
    expect(await page('page=2&per_page=10')).toEqual(ids.slice(10, 20));
  });
});
