import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';
import { type OpenBody, openBody } from '../support/open-body.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start({
    environment: {
      MAX_BODY_BYTES: '1000000',
      MAX_IMAGE_BYTES: '1000000',
      MAX_BYTES_IN_FLIGHT_PER_VIEWER: '2000000',
    },
  });
});
afterAll(() => dramatis.stop());

const begin = async (): Promise<OpenBody> => {
  const body = await openBody(dramatis.url, { key: adminKey, length: 900_000 });
  await body.write(Buffer.alloc(700_000, ' '));
  return body;
};

it('a body that goes on coming ever so slowly is ended, and its share is given back', async () => {
  const slow = [await begin(), await begin()];
  const refused = await begin();
  await eventually('one above the share to be refused', () => refused.status());
  expect(refused.status()).toBe(429);
  refused.cut();
  const drip = setInterval(() => {
    for (const body of slow) void body.write(Buffer.from(' '));
  }, 1_000);
  // Two minutes for the whole request, looked at twice a minute.
  await eventually('the slow ones to be ended', () => slow.every((body) => body.isClosed()), 200_000);
  clearInterval(drip);
  for (const body of slow) expect([0, 408]).toContain(body.status());
  const next = await begin();
  await next.write(Buffer.alloc(200_000, ' '));
  await eventually('an answer', () => next.status());
  // No JSON, but read whole.
  expect(next.status()).toBe(400);
}, 300_000);
