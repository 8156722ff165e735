import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Incident } from '../../../src/features/incidents/judge-incidents.ts';
import { publishIncident } from '../../../src/features/incidents/publish-incident.ts';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { createSegmind, type Segmind } from '../../../src/platform/segmind/segmind.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { holdRun, newPlace } from '../../support/runs.ts';

const projects = 120;
const runsEach = 3;
let database: TestDatabase;
let db: Database;
let segmind: Segmind;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connectDatabase(database.url);
  const address = 'http://127.0.0.1:1';
  segmind = createSegmind({ apiKey: 'SG_x', baseUrl: address, uploadUrl: address, maxOutputBytes: 1 });
  for (let count = 0; count < projects; count += 1) {
    const place = await newPlace(db);
    for (let run = 0; run < runsEach; run += 1) await holdRun(db, place, 0n);
  }
  // One whose runs wait for nothing.
  const place = await newPlace(db);
  await holdRun(db, place, 0n);
  await database.query(
    `UPDATE generations SET waiting_for = 'PROVIDER_UNAVAILABLE', waiting_since = now() WHERE project_id <> $1`,
    [place.projectId],
  );
});
afterAll(async () => {
  await segmind.close();
  await db.$disconnect();
  await database.drop();
});

const incident = async (endedAt: Date | null): Promise<Incident> => {
  const told = {
    reason: 'PROVIDER_UNAVAILABLE',
    since: new Date('2026-03-02T00:00:00.123Z'),
    tries: 2,
    clearedAt: endedAt,
    endedAt,
    repeats: 0,
  } as const;
  const key = { providerAccount: segmind.environment, reason: told.reason };
  await db.providerIncident.upsert({
    where: { providerAccount_reason: key },
    create: { ...told, ...key },
    update: told,
  });
  return { ...told, account: segmind.environment };
};

/** What a process does: one portion after another, until no event is left to publish. */
async function publishAll(about: Incident): Promise<void> {
  while (await publishIncident({ db, segmind, serverAccount: segmind.accountId }, about));
}

async function events(kind: string): Promise<number[]> {
  const rows = await database.query(
    'SELECT count(*)::int AS count FROM project_events WHERE kind = $1 GROUP BY project_id',
    [kind],
  );
  return rows.map(({ count }) => Number(count));
}
const onceEach = Array.from({ length: projects }, () => 1);

it('publishes one event in each project whose runs wait, for any number of processes, wherever they are killed', async () => {
  const begun = await incident(null);
  // Two that are killed after their first portion, then four at a time.
  const ctx = { db, segmind, serverAccount: segmind.accountId };
  expect(await Promise.all([publishIncident(ctx, begun), publishIncident(ctx, begun)])).toEqual([true, true]);
  await Promise.all([1, 2, 3, 4].map(() => publishAll(begun)));
  expect(await events('PROVIDER_WAIT_BEGAN')).toEqual(onceEach);
  await publishAll(begun);
  expect(await events('PROVIDER_WAIT_BEGAN')).toEqual(onceEach);
  expect(await events('PROVIDER_WAIT_ENDED')).toEqual([]);

  const ended = await incident(new Date());
  await Promise.all([1, 2, 3, 4].map(() => publishAll(ended)));
  expect(await events('PROVIDER_WAIT_ENDED')).toEqual(onceEach);
  // A process that still takes the incident for open publishes no event.
  await publishIncident(ctx, begun);
  expect(await events('PROVIDER_WAIT_BEGAN')).toEqual(onceEach);
  expect(await database.query('SELECT 1 FROM provider_notices')).toEqual([]);
});
