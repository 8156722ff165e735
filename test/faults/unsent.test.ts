import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Running } from '../../src/boot.ts';
import { booksSql } from '../../src/features/reconciliation/books.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { note, notesFolder } from '../support/noted.ts';
import { mutate } from '../support/people.ts';

/*
 * Runs that wait in the database, and may have been submitted all the same: it is an older state of itself. Ending one at no
 * cost would hide what was paid.
 */
const admin = { key: 'test_admin_key_0123456789' };
let dramatis: Dramatis;
let running: Running;
let projectId: string;
let characterId: string;
beforeEach(async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  await start();
  ({ projectId, characterId } = await dramatis.cast());
  await limits({ maxConcurrentGenerations: 0 });
});
afterEach(() => dramatis.stop());

async function start(environment: Record<string, string> = {}): Promise<void> {
  running = await dramatis.startServer(environment);
  dramatis.url = running.url ?? dramatis.url;
}

const limits = (input: object) =>
  mutate(dramatis, admin, 'updateProjectLimits', { id: projectId, ...input }, 'project { id }');
const statusOf = async (id: string) =>
  (await dramatis.get('query ($id: ID!) { generation(id: $id) { status } }', { id })).generation.status;
const rowOf = async (prompt: string) =>
  (await dramatis.database.query('SELECT * FROM generations WHERE prompt = $1', [prompt]))[0];
const folder = () => notesFolder(dramatis.environment.DATA_DIR, dramatis.database.query);

async function queued(prompt: string): Promise<string> {
  return dramatis.generate(characterId, prompt);
}

async function waiting(prompt: string): Promise<string> {
  await limits({ approvalPerRun: '0' });
  return dramatis.generate(characterId, prompt);
}

/** As the worker leaves it that died right after its POST, on a Postgres that is gone. */
async function noteElsewhere(prompt: string): Promise<void> {
  const generationId = String((await rowOf(prompt))?.id);
  note(await folder(), { generationId, isCommitted: false, server: 'another' });
}

describe('a run that may have been submitted on an earlier Postgres', () => {
  it('is in doubt instead of canceled; others are canceled', async () => {
    const [id, other] = [await queued('doubtful'), await queued('other')];
    await noteElsewhere('doubtful');
    const refused = await mutate(dramatis, admin, 'cancelGeneration', { id }, 'generation { status }');
    expect(refused.userErrors).toMatchObject([{ code: 'NOT_CANCELABLE' }]);
    expect(await statusOf(id)).toBe('UNCERTAIN');
    await mutate(dramatis, admin, 'cancelGeneration', { id: other }, 'generation { status }');
    expect(await statusOf(other)).toBe('CANCELED');
    expect(await dramatis.database.query(booksSql)).toEqual([]);
  });

  it('is in doubt instead of rejected', async () => {
    const id = await waiting('doubtful');
    await noteElsewhere('doubtful');
    const { userErrors } = await mutate(dramatis, admin, 'rejectGeneration', { id }, 'generation { status }');
    expect(userErrors).toHaveLength(1);
    expect(await statusOf(id)).toBe('UNCERTAIN');
  });

  it('is booked when its project is given up', async () => {
    await queued('doubtful');
    await noteElsewhere('doubtful');
    await mutate(dramatis, admin, 'deleteProject', { id: projectId, name: 'Tests' }, 'project { id }');
    await eventually('the doubt', async () => (await rowOf('doubtful'))?.status === 'UNCERTAIN');
    expect(await rowOf('doubtful')).toMatchObject({ cost_micros: null });
  });

  it('is in doubt instead of ended when a live provider has taken the place of another', async () => {
    await queued('doubtful');
    await queued('other');
    await noteElsewhere('doubtful');
    await running.stop();
    await dramatis.database.query("UPDATE generations SET environment = 'https://api.another.example'");
    await start();
    expect((await rowOf('doubtful'))?.status).toBe('UNCERTAIN');
    expect(await rowOf('other')).toMatchObject({ status: 'FAILED', failure_code: 'ENVIRONMENT_CHANGED' });
  });

  it('stays so while it waits for approval and servers start anew', async () => {
    const id = await waiting('doubtful');
    await noteElsewhere('doubtful');
    for (const _ of [1, 2]) {
      await running.stop();
      await start();
      expect(await statusOf(id)).toBe('AWAITING_APPROVAL');
    }
    await mutate(dramatis, admin, 'approveGeneration', { id }, 'generation { id }');
    await limits({ maxConcurrentGenerations: 20 });
    await eventually('the doubt', async () => (await statusOf(id)) === 'UNCERTAIN');
    expect(dramatis.simulator.jobs.size).toBe(0);
  });
});

it('a process without a worker sees that the database has gone back', async () => {
  const id = await queued('queued');
  await running.stop();
  await start({ ROLE: 'api' });
  note(await folder());
  await eventually('the doubt', async () => (await statusOf(id)) === 'UNCERTAIN');
});

it('a run that the database has lost is told of, also when it was perhaps not submitted; a removed one is not', async () => {
  const id = await queued('removed');
  await mutate(dramatis, admin, 'cancelGeneration', { id }, 'generation { id }');
  await noteElsewhere('removed');
  const removed = String((await rowOf('removed'))?.id);
  await dramatis.database.query('DELETE FROM project_events WHERE generation_id = $1', [removed]);
  await dramatis.database.query('DELETE FROM generations WHERE id = $1', [removed]);
  const lost = '6f7c1f0e-3c6a-4b34-9d3a-0f5f4f1b7a11';
  note(await folder(), { generationId: lost, isCommitted: false, server: 'another' });
  await running.stop();
  await start();
  const told = dramatis.secrets.logged.filter((line) =>
    line.includes('has lost a run that may have been submitted'),
  );
  expect(told).toMatchObject([expect.stringContaining(lost)]);
});
