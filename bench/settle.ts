import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { makeProject } from './books.ts';

const connections = 8;
const rounds = 12;
const roundMs = 1_000;

/** Requests a run and ends it. The triggers write the hold, then the charge and the release of the rest. */
const ask = `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, parameters, "references",
    seed, wakeup_id, provider_account, hold_micros, user_id, requested_at)
  VALUES ($1, $2, $3, repeat('0', 64), 'model-' || $4::int, '1', '{}', '[]', 1, $1, 'server', 100000, $5, now())`;
const end = `UPDATE generations SET status = 'COMPLETED', finished_at = now(), cost_micros = 70000, cost_source = 'PROVIDER',
    pictures = 1, inference_seconds = $2 WHERE id = $1`;

interface Place {
  readonly projectId: string;
  readonly characters: readonly string[];
}

/**
 * The rate of settled runs with the rollups' trigger, divided by the rate without it. The result is the median of
 * rounds, which alternate between the two. It is measured with runs in many projects, and with all runs in one
 * project.
 */
export async function settleThroughput(url: string): Promise<(readonly [name: string, ratio: number])[]> {
  const admin = new pg.Client({ connectionString: url });
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: url }));
  await Promise.all([admin, ...clients].map((each) => each.connect()));
  try {
    const places: Place[] = [];
    for (let index = 0; index < 64; index += 1) {
      const projectId = await makeProject(admin, 10);
      const { rows } = await admin.query<{ id: string }>('SELECT id FROM characters WHERE project_id = $1', [
        projectId,
      ]);
      places.push({ projectId, characters: rows.map(({ id }) => id) });
    }
    return [
      ['spread over 64 projects', await measure(admin, clients, places)],
      ['all in one project', await measure(admin, clients, places.slice(0, 1))],
    ] as const;
  } finally {
    await Promise.all([admin, ...clients].map((each) => each.end()));
  }
}

async function measure(
  admin: pg.Client,
  clients: readonly pg.Client[],
  places: readonly Place[],
): Promise<number> {
  const ratios: number[] = [];
  await settle(clients, places);
  for (let round = 0; round < rounds; round += 1) {
    const settled = { ENABLE: 0, DISABLE: 0 };
    // The side that goes first alternates.
    const order = round % 2 === 0 ? (['ENABLE', 'DISABLE'] as const) : (['DISABLE', 'ENABLE'] as const);
    for (const state of order) {
      await admin.query(`ALTER TABLE generations ${state} TRIGGER generations_roll_up`);
      settled[state] = await settle(clients, places);
    }
    ratios.push(settled.ENABLE / settled.DISABLE);
  }
  await admin.query('ALTER TABLE generations ENABLE TRIGGER generations_roll_up');
  const sorted = ratios.toSorted((a, b) => a - b);
  return ((sorted[rounds / 2 - 1] ?? 0) + (sorted[rounds / 2] ?? 0)) / 2;
}

/** Settles runs on all connections for one round. Resolves to their number. */
async function settle(clients: readonly pg.Client[], places: readonly Place[]): Promise<number> {
  const endsAt = performance.now() + roundMs;
  const users = Array.from({ length: 10 }, () => randomUUID());
  const counts = await Promise.all(
    clients.map(async (client) => {
      let count = 0;
      while (performance.now() < endsAt) {
        const { projectId, characters } = pick(places);
        const id = randomUUID();
        const values = [id, projectId, pick(characters), 1 + Math.floor(Math.random() * 4), pick(users)];
        await client.query({ name: 'ask', text: ask, values });
        await client.query({ name: 'end', text: end, values: [id, 4 + Math.random() * 40] });
        count += 1;
      }
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function pick<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
