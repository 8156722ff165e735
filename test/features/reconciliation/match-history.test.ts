import { describe, expect, it } from '@jest/globals';
import { type Evidence, matchHistory } from '../../../src/features/reconciliation/match-history.ts';
import type { UncertainRun } from '../../../src/features/reconciliation/witness.ts';
import type { HistoryRow } from '../../../src/platform/segmind/history.ts';

const at = (second: number) => new Date(Date.parse('2026-11-01T12:00:00Z') + second * 1_000);
const slug = 'consistent-character';
const parameters = { prompt: 'at the sea', seed: 7, number_of_outputs: 1 };

const run = (id: string, more: Partial<UncertainRun> = {}): UncertainRun => ({
  id,
  projectId: 'p',
  model: slug,
  seed: 7n,
  parameters,
  references: '[]',
  holdMicros: 170_000n,
  priceMicros: 85_000n,
  attemptToken: 't',
  since: at(0),
  attemptedAt: at(0),
  mayBeAnswered: false,
  ageMs: 3_600_000,
  ...more,
});
const row = (more: Partial<HistoryRow> = {}): HistoryRow => ({
  requestId: 'r1',
  slug,
  state: 'COMPLETED',
  costMicros: 90_000n,
  seconds: 61,
  seed: 7,
  parameters: { ...parameters, subject: 'https://images.segmind.com/assets/x.png' },
  at: at(1),
  outputUrls: [],
  ...more,
});
const match = (runs: UncertainRun[], rows: HistoryRow[], more: Partial<Evidence> = {}) =>
  Object.fromEntries(
    matchHistory(runs, {
      rows,
      claimed: new Set(),
      rivals: [],
      provesAbsence: () => true,
      areFailuresCharged: false,
      ...more,
    }),
  );
const charged = { kind: 'CHARGED', costMicros: 90_000n, requestId: 'r1' };
const none = { kind: 'NOT_CHARGED' };

describe('a row is not the run when', () => {
  it.each([
    ['its model differs', row({ slug: 'consistent-character-with-pose' }), {}],
    ['its seed differs', row({ seed: 8 }), {}],
    ['it is older by more than clocks differ', row({ at: at(-61) }), {}],
    ["its id is another run's", row(), { claimed: new Set(['r1']) }],
  ])('%s: the run is not in the list', (_, one, more) => {
    expect(match([run('a')], [one], more)).toEqual({ a: none });
    expect(match([run('a')], [one], { ...more, provesAbsence: () => false })).toEqual({});
  });
});

describe('nothing is proven, neither this nor that, when', () => {
  it.each([
    ['the list leaves the seed out', row({ seed: null }), {}],
    ['the prompt differs', row({ parameters: { ...parameters, prompt: 'in the hills' } }), {}],
    ['a parameter is missing', row({ parameters: { prompt: 'at the sea', seed: 7 } }), {}],
    ['the state is none that we know', row({ state: null }), {}],
    ['it still runs, and has no id', row({ state: 'PROCESSING', requestId: null }), {}],
    [
      'another run of that seed has no id yet',
      row(),
      { rivals: [{ model: slug, seed: 7n, attemptedAt: at(-3) }] },
    ],
    [
      'no time is told, and a later run has that seed',
      row({ at: null }),
      { rivals: [{ model: slug, seed: 7n, attemptedAt: at(900) }] },
    ],
  ])('%s', (_, one, more) => {
    expect(match([run('a')], [one], more)).toEqual({});
  });

  it('two runs differ in their pictures alone', () => {
    expect(match([run('a'), run('b', { references: '[1]' })], [row(), row({ requestId: 'r2' })])).toEqual({});
  });
});

describe('a row proves', () => {
  it.each([
    ['a charge', row(), charged],
    ['a charge, by a clock that is behind', row({ at: at(-59) }), charged],
    ['a charge, where no time is told', row({ at: null }), charged],
    ['a charge of unknown height', row({ costMicros: null }), { ...charged, costMicros: null }],
    ['that it runs', row({ state: 'PROCESSING', costMicros: null }), { kind: 'TAKEN', requestId: 'r1' }],
    ['that it failed, free of charge', row({ state: 'FAILED', costMicros: 0n }), none],
    ['that it failed, and cost all the same', row({ state: 'FAILED' }), { ...charged, requestId: null }],
  ])('%s', (_, one, finding) => {
    expect(match([run('a')], [one])).toEqual({ a: finding });
  });

  it('a failure that is charged by agreement', () => {
    const failed = row({ state: 'FAILED', costMicros: 0n });
    expect(match([run('a')], [failed], { areFailuresCharged: true })).toEqual({
      a: { kind: 'CHARGED', costMicros: 85_000n, requestId: null },
    });
  });

  it('one run at the most, the oldest first', () => {
    const runs = [run('b', { since: at(100), attemptedAt: at(100) }), run('a')];
    expect(match(runs, [row({ at: at(101) })])).toEqual({ a: charged, b: none });
    expect(match(runs, [row({ at: at(101), requestId: 'r2' }), row()])).toEqual({
      a: charged,
      b: { ...charged, requestId: 'r2' },
    });
  });

  it('one run, when it comes once for each picture and without an id', () => {
    const rows = [row({ requestId: null }), row({ requestId: null })];
    expect(match([run('a'), run('b', { since: at(1) })], rows)).toEqual({
      a: { ...charged, requestId: null },
      b: none,
    });
  });
});
