import { afterEach, expect, it } from '@jest/globals';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { BehindReplica } from '../support/behind-replica.ts';
import { eventually } from '../support/dramatis.ts';

/*
 * A replica that lags takes the primary's place behind servers that go on: what was paid since must not be submitted again.
 */
let behind: BehindReplica;
afterEach(() => behind.stop());

it('nothing is billed twice, every doubt is shown, and all settle once the provider tells', async () => {
  behind = await BehindReplica.start(['all', 'all', 'all']);
  const { dramatis, postgres } = behind;
  await behind.queue([...Array.from({ length: 10 }, (_, index) => `run ${index}`), 'in flight']);
  await postgres.follow();
  postgres.lag();
  const release = behind.hold(/in flight|lost/);
  await behind.limit(20);
  await dramatis.generate(behind.characterId, 'lost');
  await eventually('all to be paid, and two to be on their way', async () => {
    const { COMPLETED, SUBMITTING } = await behind.counts();
    return COMPLETED === 10 && SUBMITTING === 2;
  });
  expect(dramatis.simulator.bill).toHaveLength(10);

  await postgres.failOver();
  await behind.limit(20);
  await eventually('all to be in doubt', async () => (await behind.counts()).UNCERTAIN === 11);
  const later = await dramatis.generate(behind.characterId, 'later');
  expect(await dramatis.settle(later)).toMatchObject({ status: 'COMPLETED' });
  expect(dramatis.simulator.bill).toHaveLength(11);
  expect(behind.log).toContainEqual(
    expect.objectContaining({ level: 'warn', reason: 'it is older than what was submitted', count: 11 }),
  );

  // The answers come to processes that know of the submits, and to a database that does not.
  release();
  await eventually('the one in flight', async () => (await behind.counts()).COMPLETED === 2);
  await eventually('the lost one to be told of', () =>
    behind.log.some(({ msg }) => msg === 'the database has lost a run that the provider took'),
  );
  await behind.settle(12);
  expect(behind.submittedTwice).toEqual([]);
  expect(dramatis.simulator.bill).toHaveLength(13);
  expect(await behind.query(booksSql)).toEqual([]);
  expect(behind.servers.map(({ child }) => child.exitCode)).toEqual([null, null, null]);
});
