import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/platform/db/connect.ts';

/** Where a run belongs, by row ids. */
export interface RunPlace {
  readonly projectId: string;
  readonly characterId: string;
}

/** Writes the row of a run that holds an amount, as `generate` does; no worker advances it. */
export async function holdRun(
  db: Pick<Database, 'generation'>,
  { projectId, characterId }: RunPlace,
  holdMicros: bigint,
  more: { model?: string; userId?: string; apiKeyId?: string; requestedAt?: Date } = {},
): Promise<string> {
  const { id } = await db.generation.create({
    data: {
      projectId,
      characterId,
      requestHash: '0'.repeat(64),
      model: 'consistent-character',
      modelVersion: '1',
      parameters: {},
      references: [],
      seed: 1,
      wakeupId: randomUUID(),
      holdMicros,
      ...more,
    },
  });
  return id;
}

/** Ends a run with what it cost. */
export async function settleRun(
  db: Pick<Database, 'generation'>,
  id: string,
  costMicros: bigint,
): Promise<void> {
  const data = { status: 'COMPLETED', finishedAt: new Date(), costMicros, costSource: 'PROVIDER' } as const;
  await db.generation.update({ where: { id }, data });
}

/** Gives a database the provider environment of the servers that are to be started on it, so that they walk its rows. */
export async function belongTo(
  db: Pick<Database, 'setting'>,
  environment: string | undefined,
): Promise<void> {
  await db.setting.create({ data: { name: 'provider-environment', value: environment ?? 'simulator' } });
}

/** A project with a character, as rows. */
export async function newPlace(db: Pick<Database, 'project' | 'character'>): Promise<RunPlace> {
  const { id: projectId } = await db.project.create({ data: { name: 'Rows' } });
  const { id: characterId } = await db.character.create({ data: { projectId, name: 'Mara' } });
  return { projectId, characterId };
}

/** Writes the row of a paid run whose pictures came in the answer itself, and are in storage under these hashes. */
export async function deliveredRun(
  db: Pick<Database, 'generation'>,
  place: RunPlace,
  status: 'STORING' | 'FAILED',
  hashes: readonly string[],
): Promise<string> {
  const now = new Date();
  const { id } = await db.generation.create({
    data: {
      ...place,
      requestHash: '0'.repeat(64),
      model: 'consistent-character',
      modelVersion: '1',
      parameters: {},
      references: [],
      seed: 1,
      wakeupId: randomUUID(),
      status,
      attemptedAt: now,
      attemptToken: randomUUID(),
      providerAccount: '0123456789abcdef',
      submittedAt: now,
      costMicros: 85_000n,
      costSource: 'PROVIDER',
      outputs: hashes.map((sha256, index) => ({ index, sha256 })),
      ...(status === 'FAILED' ? { finishedAt: now, failureCode: 'STORAGE_FAILED', failureMessage: 'x' } : {}),
    },
  });
  return id;
}
