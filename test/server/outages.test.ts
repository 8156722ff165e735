import { afterEach, expect, it } from '@jest/globals';
import { NotFound, StorageUnavailable } from '../../src/errors.ts';
import { createLogger } from '../../src/logger.ts';
import { createOutages, type Outages } from '../../src/server/outages.ts';
import { delay } from '../support/delay.ts';
import { eventually } from '../support/eventually.ts';

const quietMs = 50;
const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
let outages: Outages;
afterEach(() => outages.close());

function begin() {
  const lines: { level: string; msg: string }[] = [];
  const problems: Record<string, string | null> = {
    database: 'does not answer',
    storage: 'cannot be written',
  };
  let looks = 0;
  const readiness = Object.keys(problems).map((name) => ({
    name,
    findProblem: async () => {
      looks += 1;
      return problems[name] ?? null;
    },
  }));
  const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
  outages = createOutages(log, readiness, quietMs);
  return {
    lines,
    problems,
    looks: () => looks,
    told: () => lines.map(({ level, msg }) => `${level}: ${msg}`),
  };
}

it('tells an outage once when it begins, and once when it is over, however many requests fail', async () => {
  const { problems, looks, told } = begin();
  for (let n = 0; n < 1_000; n += 1) expect(outages.note(away)).toBe(true);
  for (let n = 0; n < 1_000; n += 1) expect(outages.note(new StorageUnavailable())).toBe(true);
  await eventually('several looks at each part', () => looks() >= 6);
  expect(outages.note(away)).toBe(true);
  const begun = [
    'warn: requests cannot be served: the database does not answer, or the machine has run out of a resource',
    'warn: requests for pictures cannot be served: the storage does not work',
  ];
  expect(told()).toEqual(begun);
  problems.database = null;
  await eventually('the end', () => told().length === 3);
  expect(told()[2]).toBe('info: requests are served again');
  problems.storage = null;
  await eventually('the end', () => told().length === 4);
  expect(told()[3]).toBe('info: requests for pictures are served again');
  // The next one is told again.
  problems.database = 'does not answer';
  outages.note(away);
  expect(told()).toHaveLength(5);
});

it('is not over while requests go on failing', async () => {
  const { problems, told } = begin();
  problems.database = null;
  for (let n = 0; n < 20; n += 1) {
    outages.note(away);
    await delay(quietMs / 4);
  }
  expect(told().filter((line) => line.startsWith('warn'))).toHaveLength(1);
  await eventually('the end', () => told().length === 2);
});

it('leaves other failures to the log', () => {
  begin();
  for (const error of [new Error('a bug'), new TypeError('undefined is not a function'), null])
    expect(outages.note(error)).toBe(false);
  expect(outages.note(new NotFound('image'))).toBe(false);
});
