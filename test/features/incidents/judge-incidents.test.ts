import { expect, it } from '@jest/globals';
import {
  type Change,
  type Incident,
  judgeIncidents,
} from '../../../src/features/incidents/judge-incidents.ts';
import type { AccountPause } from '../../../src/features/provider/provider-pause.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000);
const pause = (more: Partial<AccountPause> = {}): AccountPause => ({
  account: 'a',
  reason: 'UNAVAILABLE',
  since: at(0),
  tries: 2,
  ...more,
});

/** Looks once at each moment; `pauses` says what is in force then. Resolves to what was told, and when. */
function watch(seconds: readonly number[], pauses: (second: number) => AccountPause[]) {
  let incidents: Incident[] = [];
  const told: { second: number; change: Change }[] = [];
  for (const second of seconds) {
    for (const change of judgeIncidents(at(second), pauses(second), incidents)) {
      const { account, reason } = change.incident;
      incidents = incidents.filter((each) => each.account !== account || each.reason !== reason);
      if (change.kind !== 'IS_FORGOTTEN') incidents.push(change.incident);
      if (change.kind === 'BEGINS' || change.kind === 'ENDS') told.push({ second, change });
    }
  }
  return { told: told.map(({ second, change: { kind } }) => `${kind} ${second}`), incidents };
}
const seconds = (count: number) => Array.from({ length: count }, (_, second) => second);

it.each([
  ['a provider that was asked twice in vain', pause(), ['BEGINS 0', 'ENDS 8']],
  ['a provider that failed once', pause({ tries: 1 }), []],
  ['submits that break off', pause({ reason: 'SUBMITS_FAIL', tries: 1 }), ['BEGINS 0', 'ENDS 8']],
  ['a refused key', pause({ reason: 'UNAUTHORIZED', tries: 1 }), ['BEGINS 0', 'ENDS 8']],
  ['an account without credits', pause({ reason: 'NO_CREDITS', tries: 1 }), ['BEGINS 0', 'ENDS 8']],
  ['a short limit', pause({ reason: 'RATE_LIMITED' }), []],
  ['a long limit', pause({ reason: 'RATE_LIMITED', since: at(-9) }), ['BEGINS 1', 'ENDS 8']],
])('%s', (_, paused, expected) => {
  expect(watch(seconds(20), (second) => (second < 5 ? [paused] : [])).told).toEqual(expected);
});

it('is told once for all models of an account, and apart for accounts and reasons', () => {
  const forbidden = ['x', 'y'].map(() => pause({ reason: 'FORBIDDEN', tries: 1 }));
  const { incidents } = watch([0], () => [...forbidden, pause({ account: 'b' }), pause()]);
  expect(incidents.map(({ account, reason }) => `${account} ${reason}`).sort()).toEqual([
    'a PROVIDER_KEY',
    'a PROVIDER_UNAVAILABLE',
    'b PROVIDER_UNAVAILABLE',
  ]);
});

it('counts the tries, and says since when', () => {
  const { incidents } = watch(seconds(4), (second) => [pause({ since: at(-5), tries: 2 + second })]);
  expect(incidents).toEqual([
    {
      account: 'a',
      reason: 'PROVIDER_UNAVAILABLE',
      since: at(-5),
      tries: 5,
      clearedAt: null,
      endedAt: null,
      repeats: 0,
    },
  ]);
});

it('a provider that is up and down every second is told once for as long as that goes on', () => {
  const isDown = (second: number) => second < 3_600 && second % 2 === 0;
  const { told } = watch(seconds(3_700), (second) => (isDown(second) ? [pause({ since: at(second) })] : []));
  expect(told).toEqual(['BEGINS 0', 'ENDS 3602']);
});

it.each([4, 10, 30, 120])(
  'one that comes and goes every %i seconds is told a few times an hour',
  (period) => {
    const isDown = (second: number) => second % (period * 2) < period;
    const { told } = watch(seconds(3_600), (second) =>
      isDown(second) ? [pause({ since: at(second - (second % period)) })] : [],
    );
    expect(told.length).toBeLessThan(16);
  },
);

it('is forgotten when it has not come back for long, and begins afresh', () => {
  const down = (second: number) => second < 5 || second >= 2_000;
  const { incidents } = watch(seconds(2_010), (second) => (down(second) ? [pause()] : []));
  expect(incidents).toMatchObject([{ repeats: 0 }]);
});
