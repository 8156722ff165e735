import { afterEach, expect, it } from '@jest/globals';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { BehindReplica } from '../support/behind-replica.ts';
import { eventually } from '../support/eventually.ts';

/*
 * A replica that lags takes the primary's place behind servers that go on: what was paid since must not be submitted again.
 */
let behind: BehindReplica;
afterEach(() => behind.stop());

it('nothing is billed twice, every doubt is shown, and all settle once the provider tells', async () => {
  behind = await BehindReplica.start(['all', 'all', 'all']);
  const { dramatis, postgres } = behind;
  await dramatis.settle(await dramatis.generate(behind.characterId, 'first'));
  await postgres.follow();
  // The replica has them with their slots, and with wake-ups that are due when it takes over.
  await behind.pause(5);
  for (let index = 0; index < 10; index += 1) await dramatis.generate(behind.characterId, `run ${index}`);
  await dramatis.generate(behind.characterId, 'in flight');
  await postgres.caughtUp();
  postgres.lag();
  const release = behind.hold(/in flight|lost/);
  await dramatis.generate(behind.characterId, 'lost');
  await eventually('all to be paid, and two to be on their way', async () => {
    const { COMPLETED, SUBMITTING } = await behind.counts();
    return COMPLETED === 11 && SUBMITTING === 2;
  });
  expect(dramatis.simulator.bill).toHaveLength(11);

  await postgres.failOver();
  await eventually('all to be in doubt', async () => (await behind.counts()).UNCERTAIN === 11);
  const later = await dramatis.generate(behind.characterId, 'later');
  expect(await dramatis.settle(later)).toMatchObject({ status: 'COMPLETED' });
  expect(dramatis.simulator.bill).toHaveLength(12);
  expect(behind.log).toContainEqual(
    expect.objectContaining({ level: 'warn', reason: 'it is older than what was submitted', count: 11 }),
  );

  // The answers come to processes that know of the submits, and to a database that does not.
  release();
  await eventually('the one in flight', async () => (await behind.counts()).COMPLETED === 3);
  await eventually('the lost one to be told of', () =>
    behind.log.some(({ msg }) => msg === 'the database has lost a run that the provider took'),
  );
  await behind.settle(13);
  expect(behind.submittedTwice).toEqual([]);
  expect(dramatis.simulator.bill).toHaveLength(14);
  expect(await behind.query(booksSql)).toEqual([]);
  expect(behind.servers.map(({ child }) => child.exitCode)).toEqual([null, null, null]);
});
