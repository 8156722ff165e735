import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeApiKey, withClient } from '../../bench/support/client.ts';
import { fill, libraryProjectId } from '../../bench/support/fill.ts';
import {
  aboutCharacter,
  aboutProject,
  askOnce,
  checkSameBytes,
  dataOf,
  libraryQuery,
  namesQuery,
  picturesQuery,
  type Target,
} from '../../bench/support/questions.ts';
import { type BenchServer, rivals, startDramatis, startRival } from '../../bench/support/servers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** What the bench measures, on a library of a few seconds: ratios of different answers would mean nothing. */
describe('the library bench', () => {
  let database: TestDatabase;
  let dataDirectory: string;
  const servers: BenchServer[] = [];
  let targets: Target[];

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDirectory = await mkdtemp(join(tmpdir(), 'dramatis-bench-test-'));
    const key = await withClient(database.url, async (client) => {
      await fill(client, { characters: 100, generations: 2_000 }, () => undefined);
      return makeApiKey(client, libraryProjectId);
    });
    servers.push(await startDramatis(database.url, { dataDirectory }));
    for (const rival of rivals) servers.push(await startRival(rival, database.url, servers[0]?.url));
    targets = servers.map((server, place) =>
      place === 0 ? { ...server, authorization: `Bearer ${key}` } : server,
    );
  });

  afterAll(async () => {
    for (const server of servers) await server.stop();
    await rm(dataDirectory, { recursive: true, force: true });
    await database.drop();
  });

  it('asks for a library that is as full as it says', async () => {
    const [ours] = targets;
    if (!ours) throw new Error('nothing was started');
    const data = dataOf(await askOnce(ours, aboutProject(libraryQuery, libraryProjectId)));
    expect(data.match(/"appearance":/g)).toHaveLength(50);
    expect(data.match(/"kind":/g)).toHaveLength(150);
    expect(data.match(/"requestedAt":/g)).toHaveLength(250);
  });

  it('gets the same bytes from the server and from everything it is compared with', async () => {
    const rows = await database.query(
      'SELECT id::text FROM characters WHERE project_id = $1 ORDER BY id LIMIT 5',
      [libraryProjectId],
    );
    const bytes = await checkSameBytes(targets, [
      aboutProject(libraryQuery, libraryProjectId),
      aboutProject(namesQuery, libraryProjectId),
      ...rows.map(({ id }) => aboutCharacter(String(id))),
    ]);
    expect(bytes).toBeGreaterThan(150_000);
  });

  it('gets the same signed addresses from the server and from the limit', async () => {
    const [ours, limit] = targets;
    if (!ours || limit?.name !== 'limit') throw new Error('The limit was not started.');
    const question = aboutProject(picturesQuery, libraryProjectId);
    await checkSameBytes([ours, limit], [question]);
    const addresses = (await askOnce(ours, question)).match(/"url":"[^"]+&sig=[\w-]{43}"/g);
    expect(addresses?.length).toBeGreaterThan(150);
  });
});
