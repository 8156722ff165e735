import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Dramatis, eventually } from '../../support/dramatis.ts';
import { startServerProcess } from '../../support/server-process.ts';

it('a run of another provider environment says that it waits for its own, and the log is not filled with it', async () => {
  const dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  try {
    const { characterId } = await dramatis.cast();
    const id = await dramatis.generate(characterId);
    await dramatis.database.query("UPDATE generations SET environment = 'https://elsewhere.example'");
    // After its start a server ends what was not submitted; this one is submitted already.
    await dramatis.database.query(
      "UPDATE generations SET status = 'SUBMITTED', provider_request_id = 'x', submitted_at = now()",
    );
    const worker = await startServerProcess(dramatis, { ROLE: 'worker' });
    const wait = async () =>
      (
        await dramatis.get(
          'query ($id: ID!) { generation(id: $id) { status waitingFor { reason since } } }',
          { id },
        )
      ).generation;
    const told = await eventually('it to say so', async () => ((await wait()).waitingFor ? wait() : null));
    expect(told).toMatchObject({ status: 'SUBMITTED', waitingFor: { reason: 'ENVIRONMENT' } });
    // It is looked at again, and says the same.
    await sleep(7_000);
    expect(await wait()).toEqual(told);
    expect(worker.log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  } finally {
    await dramatis.stop();
  }
}, 60_000);
