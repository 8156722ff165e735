import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { key, post, read, start } from '../support/simulator.ts';

describe('refusals, in the order of the documents', () => {
  it('405 as a page, 401 in two texts, 406, 400, 404', async () => {
    const simulator = await start({ apiKeys: [key['x-api-key']] });
    const get = await fetch(`${simulator.url}/v1/consistent-character`);
    expect([get.status, get.headers.get('content-type')]).toEqual([405, 'text/html']);
    expect(await (await post(simulator, '/v2/consistent-character', {}, {})).json()).toEqual({
      error: 'Missing Authorization or x-api-key in header',
    });
    expect((await post(simulator, '/v2/consistent-character', {}, { 'x-api-key': 'SG_wrong' })).status).toBe(
      401,
    );
    expect(
      (await post(simulator, '/v2/consistent-character', {}, { ...key, 'content-type': 'text/plain' }))
        .status,
    ).toBe(406);
    const broken = await fetch(`${simulator.url}/v2/consistent-character`, {
      method: 'POST',
      headers: { ...key, 'content-type': 'application/json' },
      body: '{',
    });
    expect(broken.status).toBe(400);
    expect((await post(simulator, '/v2/consistent-Character', {})).status).toBe(404);
    expect((await post(simulator, '/v2/consistent-character', { output_format: 'gif' })).status).toBe(406);
  });

  it('no credits: 406 on v1, 402 on v2; too many requests: 429 with the time', async () => {
    const poor = await start({ balanceMicros: 1n });
    expect((await post(poor, '/v1/consistent-character', {})).status).toBe(406);
    expect((await post(poor, '/v2/consistent-character', {})).status).toBe(402);
    const busy = await start({ requestsPerMinute: 1 });
    await post(busy, '/v2/consistent-character', {});
    const refused = await post(busy, '/v2/consistent-character', {});
    expect(refused.status).toBe(429);
    expect(Date.parse(refused.headers.get('x-rate-limit-reset-at-utc') ?? '')).toBeGreaterThan(Date.now());
  });
});

describe('v2', () => {
  it('goes from QUEUED over PROCESSING to COMPLETED, charges once, and forgets after the retention', async () => {
    let now = 1_000_000;
    const simulator = await start({ speed: 1, now: () => now });
    const { request_id: id } = (await (
      await post(simulator, '/v2/consistent-character', {
        number_of_outputs: 2,
        number_of_images_per_pose: 2,
      })
    ).json()) as { request_id: string };
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const state = async () => (await read(simulator, `/v2/requests/${id}/status`)).body.status;
    expect(await state()).toBe('QUEUED');
    now += 10_000;
    expect(await state()).toBe('PROCESSING');
    expect(simulator.bill).toEqual([]);
    now += 60_000;
    const { body } = await read(simulator, `/v2/requests/${id}`);
    expect(body).toMatchObject({ status: 'COMPLETED', metrics: { cost: 0.34, remaining_credits: 99.66 } });
    expect(body.images).toHaveLength(4);
    await state();
    expect(simulator.bill).toHaveLength(1);
    expect((await read(simulator, '/v1/get-user-credits')).body).toEqual({
      credits: 99.66,
      'free-credits': 0,
    });
    now += 3_600_000;
    expect((await read(simulator, `/v2/requests/${id}`)).status).toBe(404);
  });

  it('takes an invalid body, then serves FAILED under 422 without a charge', async () => {
    const simulator = await start();
    const { request_id: id } = (await (
      await post(simulator, '/v2/consistent-character-with-pose', { quality: 5 })
    ).json()) as { request_id: string };
    const { status, body } = await read(simulator, `/v2/requests/${id}`);
    expect([status, body.status]).toEqual([422, 'FAILED']);
    expect(simulator.bill).toEqual([]);
  });

  it('finds its jobs again after a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'simulator-'));
    const first = await startSimulator({ directory, speed: 1_000 });
    const { request_id: id } = (await (await post(first, '/v2/consistent-character', {})).json()) as {
      request_id: string;
    };
    await first.close();
    const second = await start({ directory });
    expect((await read(second, `/v2/requests/${id}`)).status).toBe(200);
  });
});

describe('pictures', () => {
  it('v1 gives bytes with the documented headers, or base64 when asked', async () => {
    const simulator = await start();
    const face = (
      await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
        .png()
        .toBuffer()
    ).toString('base64');
    const body = {
      prompt: 'x',
      face_image: face,
      pose_image: face,
      custom_width: 200,
      custom_height: 300,
      use_input_img_dimension: false,
      output_format: 'webp',
      seed: 7,
    };
    const answer = await post(simulator, '/v1/consistent-character-with-pose', body);
    expect(
      Object.fromEntries(
        ['x-cost', 'x-remaining-credits', 'x-seed-value'].map((name) => [name, answer.headers.get(name)]),
      ),
    ).toEqual({ 'x-cost': '0.029', 'x-remaining-credits': '99.971', 'x-seed-value': '7' });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 200, height: 300 });
    const { image } = (await (
      await post(simulator, '/v1/consistent-character-with-pose', { ...body, base_64: true })
    ).json()) as { image: string };
    expect(Buffer.from(image, 'base64').equals(bytes)).toBe(true);
  });

  it('are the same again, differ by seed, and show the uploaded reference', async () => {
    const simulator = await start();
    const draw = async (body: object) =>
      Buffer.from(
        await (
          await post(simulator, '/v1/consistent-character', { output_format: 'png', seed: 1, ...body })
        ).arrayBuffer(),
      );
    const red = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
    const { file_urls } = (await (
      await post(simulator, '/upload-asset', {
        data_urls: [`data:image/png;base64,${red.toString('base64')}`],
      })
    ).json()) as { file_urls: string[] };
    const [plain, again, other, shown] = await Promise.all([
      draw({}),
      draw({}),
      draw({ seed: 2 }),
      draw({ subject: ` ${file_urls[0]}` }),
    ]);
    expect(plain.equals(again)).toBe(true);
    expect(plain.equals(other)).toBe(false);
    const { data, info } = await sharp(shown).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const centre = (Math.floor(info.height * 0.4) * info.width + Math.floor(info.width / 2)) * 3;
    expect([...data.subarray(centre, centre + 3)]).toEqual([255, 0, 0]);
  });
});
