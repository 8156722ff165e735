import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/platform/db/connect.ts';

/** Where a run belongs, by row ids. */
export interface RunPlace {
  readonly projectId: string;
  readonly characterId: string;
}

/** Writes the row of a run that holds an amount, as asking for it does; nobody takes it further. */
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
