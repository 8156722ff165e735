import { expect, it } from '@jest/globals';
import { persistAnswer } from '../../../src/platform/db/persist.ts';
import { eventually } from '../../support/eventually.ts';

const away = () => Object.assign(new Error('away'), { code: 'P1001' });
const fast = { minMs: 1, maxMs: 1 };

it('an answer is written down however often the database was away', async () => {
  let tries = 0;
  const write = async () => {
    tries += 1;
    if (tries <= 500) throw away();
    return 'written';
  };
  expect(await persistAnswer(write, undefined, fast)).toBe('written');
});

it('when it is hurried it is tried once more, at once', async () => {
  const hurry = new AbortController();
  let tries = 0;
  const write = async () => {
    tries += 1;
    throw away();
  };
  const written = persistAnswer(write, hurry.signal, { minMs: 60_000, maxMs: 60_000 });
  await eventually('the first try', () => tries === 1);
  hurry.abort();
  await expect(written).rejects.toThrow('away');
  expect(tries).toBe(2);
});

it('what the database refuses is not tried again', async () => {
  let tries = 0;
  const write = async () => {
    tries += 1;
    throw new Error('refused');
  };
  await expect(persistAnswer(write)).rejects.toThrow('refused');
  expect(tries).toBe(1);
});
