import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis, eventually, generateMutation, picture } from '../support/dramatis.ts';
import { apiKey, mutate, type Person, token } from '../support/people.ts';
import { seed } from '../support/seed.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

const codes = (payload: { userErrors: { code: string }[] }) => payload.userErrors.map(({ code }) => code);
const stored = (projectId: string, of = dramatis) =>
  join(of.environment.DATA_DIR ?? '', 'storage/projects', fromGlobalId('Project', projectId));

/** A team with a character that can be drawn. */
async function studio(of = dramatis) {
  const { face, ...made } = await seed(of).team().character().face().make();
  return { ...made, referenceId: face };
}

/** The tables that still know the id of a project, whatever the column. */
async function traces(projectId: string, of = dramatis): Promise<string[]> {
  const id = fromGlobalId('Project', projectId);
  const tables = await of.database.query(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
  );
  const found: string[] = [];
  for (const { table_name: table } of tables) {
    const rows = await of.database.query(`SELECT 1 FROM "${table}" t WHERE t::text LIKE '%${id}%' LIMIT 1`);
    if (rows.length > 0) found.push(String(table));
  }
  return found.sort();
}

/** What outlives a project: who did what, and what was spent. No texts of people, but ids, amounts and models. */
const outliving = ['account_totals', 'audit_entries', 'ledger_entries', 'spend_rollups'];
/** Whether nothing else is left of a project. */
async function isGone(projectId: string, of = dramatis): Promise<boolean> {
  return (await traces(projectId, of)).every((table) => outliving.includes(table));
}

describe('an archived project', () => {
  it('can be read and managed, but not changed, until it is restored', async () => {
    const { projectId, owner, editor, characterId, referenceId } = await studio();
    const archive = (who: Person) =>
      mutate(
        dramatis,
        who,
        'archiveProject',
        { id: projectId },
        'project { archivedAt viewerCanGenerate viewerCanEditCharacters viewerCanArchive }',
      );
    await expect(archive(editor)).rejects.toThrow('FORBIDDEN');
    const { project } = await archive(owner);
    expect(project).toMatchObject({
      viewerCanGenerate: false,
      viewerCanEditCharacters: false,
      viewerCanArchive: true,
    });
    expect((await archive(owner)).project.archivedAt).toBe(project.archivedAt);

    const base64 = (await picture('#123456')).toString('base64');
    const refused = await Promise.all([
      mutate(dramatis, editor, 'createCharacter', { projectId, name: 'x' }, 'character { id }'),
      mutate(dramatis, editor, 'updateCharacter', { id: characterId, name: 'x' }, 'character { id }'),
      mutate(dramatis, editor, 'archiveCharacter', { id: characterId }, 'character { id }'),
      mutate(
        dramatis,
        editor,
        'addReferenceImage',
        { characterId, kind: 'FACE', source: { base64 } },
        'referenceImage { id }',
      ),
      mutate(dramatis, editor, 'removeReferenceImage', { id: referenceId }, 'referenceImage { id }'),
      mutate(
        dramatis,
        editor,
        'generate',
        { characterId, model: { consistentCharacter: { prompt: 'x' } } },
        'generation { id }',
      ),
    ]);
    expect(refused.map(codes)).toEqual(Array(6).fill(['PROJECT_ARCHIVED']));
    const upload = await fetch(`${dramatis.url}/images?projectId=${projectId}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${editor.key}`, 'content-type': 'image/png' },
      body: new Uint8Array(await picture('#654321')),
    });
    expect([upload.status, JSON.stringify(await upload.json())]).toEqual([
      409,
      expect.stringContaining('PROJECT_ARCHIVED'),
    ]);

    const { data } = await dramatis.ask(
      `{ project(id: "${projectId}") { characters(first: 1) { nodes { name referenceImages { image { url } } } } } }`,
      {},
      editor,
    );
    expect((await fetch(data.project.characters.nodes[0].referenceImages[0].image.url)).status).toBe(200);
    expect(
      codes(
        await mutate(
          dramatis,
          owner,
          'inviteMember',
          { projectId, email: 'n@example.test', role: 'VIEWER' },
          'token',
        ),
      ),
    ).toEqual([]);

    await mutate(dramatis, owner, 'restoreProject', { id: projectId }, 'project { archivedAt }');
    expect(
      codes(
        await mutate(dramatis, editor, 'updateCharacter', { id: characterId, name: 'y' }, 'character { id }'),
      ),
    ).toEqual([]);
    const log = await dramatis.ask(
      `{ project(id: "${projectId}") { auditLog(first: 9, filter: { actions: [PROJECT_ARCHIVED, PROJECT_RESTORED] }) { nodes { action } } } }`,
      {},
      owner,
    );
    expect(log.data.project.auditLog.nodes).toEqual([
      { action: 'PROJECT_RESTORED' },
      { action: 'PROJECT_ARCHIVED' },
    ]);
  });

  it('lets runs go on that were asked for before, and none in behind', async () => {
    const { projectId, owner, characterId } = await studio();
    const before = await dramatis.generate(characterId);
    const ask = () =>
      dramatis.ask(
        generateMutation,
        { input: { characterId, model: { consistentCharacter: { prompt: 'x' } } } },
        owner,
      );
    const [, ...answers] = await Promise.all([
      mutate(dramatis, owner, 'archiveProject', { id: projectId }, 'project { id }'),
      ...Array.from({ length: 20 }, ask),
    ]);
    for (const { data, errors } of answers)
      expect([errors, data.generate.generation?.status ?? data.generate.userErrors[0].code]).toEqual([
        undefined,
        expect.stringMatching(/^QUEUED|PROJECT_ARCHIVED$/),
      ]);
    const late = await dramatis.database.query(
      "SELECT 1 FROM project_events e, project_events a WHERE a.kind = 'PROJECT_ARCHIVED' AND a.project_id = $1 AND e.project_id = $1 AND e.kind = 'GENERATION_REQUESTED' AND e.sequence > a.sequence",
      [fromGlobalId('Project', projectId)],
    );
    expect(late).toEqual([]);
    expect((await dramatis.settle(before)).status).toBe('COMPLETED');
  });
});

describe('a deleted project', () => {
  it('is given up by its owners only, by its exact name', async () => {
    const { projectId, owner, editor } = await studio();
    const give = (who: Person, name: string) =>
      mutate(dramatis, who, 'deleteProject', { id: projectId, name }, 'project { deletingAt }');
    await expect(give(editor, 'Team')).rejects.toThrow('FORBIDDEN');
    await expect(give(await apiKey(dramatis, owner, projectId, { role: 'OWNER' }), 'Team')).rejects.toThrow(
      'FORBIDDEN',
    );
    await expect(give({ key: await token('stranger') }, 'Team')).rejects.toThrow('NOT_FOUND');
    for (const name of ['team', 'Team ', '', 'Another'])
      expect(codes(await give(owner, name))).toEqual(['NAME_DIFFERS']);
    const { project } = await give(owner, 'Team');
    expect(project.deletingAt).not.toBeNull();
    expect((await give(owner, 'Team')).project.deletingAt).toBe(project.deletingAt);
    expect(
      codes(await mutate(dramatis, owner, 'restoreProject', { id: projectId }, 'project { id }')),
    ).toEqual(['PROJECT_DELETING']);
    expect(
      codes(await mutate(dramatis, owner, 'createCharacter', { projectId, name: 'x' }, 'character { id }')),
    ).toEqual(['PROJECT_DELETING']);
    const makes = await Promise.all([
      mutate(
        dramatis,
        owner,
        'inviteMember',
        { projectId, email: 'n@example.test', role: 'VIEWER' },
        'token',
      ),
      mutate(
        dramatis,
        owner,
        'createApiKey',
        { projectId, name: 'x', kind: 'SERVICE', role: 'VIEWER' },
        'secret',
      ),
      mutate(dramatis, owner, 'setProviderKey', { projectId, key: 'SG_0123456789abcdef' }, 'project { id }'),
      mutate(dramatis, owner, 'archiveProject', { id: projectId }, 'project { id }'),
    ]);
    expect(makes.map(codes)).toEqual(Array(4).fill(['PROJECT_DELETING']));
    // What is live can still be found and ended.
    const { data } = await dramatis.ask(
      `{ project(id: "${projectId}") { apiKeys(first: 5) { nodes { id } } } }`,
      {},
      owner,
    );
    const [live] = data.project.apiKeys.nodes;
    expect(codes(await mutate(dramatis, owner, 'revokeApiKey', { id: live.id }, 'apiKey { id }'))).toEqual(
      [],
    );
  });

  it('submits nothing that was about to leave when it was given up', async () => {
    const other = await Dramatis.start({ environment: { ROLE: 'api' } });
    const client = new pg.Client({ connectionString: other.database.url });
    await client.connect();
    try {
      const { characterId } = await other.cast();
      const id = await other.generate(characterId);
      await client.query('BEGIN');
      await client.query('SELECT 1 FROM projects FOR UPDATE');
      await other.startServer({ ROLE: 'worker' });
      // It holds its run, and waits for the project.
      await eventually('the worker to be about to submit', async () => {
        const waiting = await other.database.query(
          `SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
           WHERE NOT granted AND datname = current_database() AND query LIKE '%move_generations%'`,
        );
        return waiting.length > 0;
      });
      await client.query('UPDATE projects SET deleting_at = now()');
      await client.query('COMMIT');
      expect(await other.settle(id)).toMatchObject({ status: 'CANCELED' });
      expect(other.simulator.requests.filter(({ path }) => path.startsWith('/v2/'))).toEqual([]);
    } finally {
      await client.end();
      await other.stop();
    }
  });

  it('waits for what the provider has, submits nothing more, and then is gone with every row and byte', async () => {
    const other = await Dramatis.start({
      environment: { WORKER_CONCURRENCY: '2' },
      simulator: { faults: [{ name: 'slow', arg: '25' }] },
    });
    try {
      const doomed = await studio(other);
      const kept = await studio(other);
      await apiKey(other, doomed.owner, doomed.projectId);
      await mutate(
        other,
        doomed.owner,
        'inviteMember',
        { projectId: doomed.projectId, email: 'n@example.test', role: 'VIEWER' },
        'token',
      );
      const budget = {
        projectId: doomed.projectId,
        scope: 'PROJECT',
        period: 'TOTAL',
        cap: '10',
        thresholds: [1],
      };
      await mutate(other, doomed.owner, 'createBudget', budget, 'budget { id }');
      await mutate(
        other,
        doomed.owner,
        'setProviderKey',
        { projectId: doomed.projectId, key: 'SG_own_0123456789abcdef' },
        'project { id }',
      );
      const running = await Promise.all([
        other.generate(doomed.characterId),
        other.generate(doomed.characterId),
      ]);
      const submits = () =>
        other.simulator.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/'))
          .length;
      await eventually('both to be submitted', () => submits() === 2);
      const queued = await Promise.all(Array.from({ length: 5 }, () => other.generate(doomed.characterId)));

      // UNCERTAIN, and no worker will continue it: in the end it is booked at its list price.
      await other.database.query(
        `INSERT INTO generations (id, project_id, character_id, request_hash, model, model_version, parameters, "references",
           seed, wakeup_id, provider_account, price_micros, hold_micros, status, is_attempt_over)
         SELECT gen_random_uuid(), project_id, character_id, request_hash, model, model_version, parameters, "references",
           1, gen_random_uuid(), 'lost account', 30000, 40000, 'UNCERTAIN', true FROM generations LIMIT 1`,
      );
      const followers = running.map((id) => other.settle(id));
      const waiting = queued.map((id) => other.settle(id));
      await mutate(
        other,
        doomed.owner,
        'deleteProject',
        { id: doomed.projectId, name: 'Team' },
        'project { id }',
      );
      await other.database.query(
        "UPDATE projects SET deleting_at = deleting_at - interval '1 minute' WHERE deleting_at IS NOT NULL",
      );
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(5).fill('CANCELED'));
      expect(existsSync(stored(doomed.projectId, other))).toBe(true);
      expect((await Promise.all(followers)).map(({ status, cost }) => [status, Number(cost) > 0])).toEqual(
        Array(2).fill(['COMPLETED', true]),
      );

      await eventually('the project to go', () => isGone(doomed.projectId, other));
      // What it spent can still be accounted for: to the micro-dollar, with the account, in the ledger and its sums.
      expect(await traces(doomed.projectId, other)).toEqual(outliving);
      const [books] = await other.database.query(
        `SELECT (SELECT sum(CASE 'SPENT' WHEN debit::text THEN amount_micros WHEN credit::text THEN -amount_micros ELSE 0 END)
             FROM ledger_entries WHERE project_id = $1)::int AS ledger,
           (SELECT sum(CASE 'HELD' WHEN debit::text THEN amount_micros WHEN credit::text THEN -amount_micros ELSE 0 END)
             FROM ledger_entries WHERE project_id = $1)::int AS held,
           (SELECT sum(spent_micros) FROM account_totals WHERE project_id = $1)::int AS account,
           (SELECT sum(amount_micros) FROM spend_rollups WHERE project_id = $1 AND slice = 'ALL')::int AS rollups`,
        [fromGlobalId('Project', doomed.projectId)],
      );
      const billed = other.simulator.bill.reduce((sum, { costMicros }) => sum + Number(costMicros), 0);
      const booked = billed + 30_000;
      expect(books).toEqual({ ledger: booked, held: 0, account: booked, rollups: booked });
      for (const table of outliving)
        expect(JSON.stringify(await other.database.query(`SELECT * FROM ${table}`))).not.toMatch(
          /Mara|at the sea/,
        );
      expect(submits()).toBe(2);
      expect(other.simulator.bill).toHaveLength(2);
      expect(existsSync(stored(doomed.projectId, other))).toBe(false);
      for (const table of [
        'generations',
        'generated_images',
        'characters',
        'reference_images',
        'images',
        'api_keys',
        'provider_keys',
        'provider_assets',
        'budgets',
        'budget_windows',
        'budget_alerts',
      ]) {
        const rows = await other.database.query(`SELECT 1 FROM ${table}`);
        expect([table, rows.length]).toEqual([
          table,
          ['characters', 'reference_images', 'images'].includes(table) ? 1 : 0,
        ]);
      }
      // The same picture in another project is another copy.
      expect(readdirSync(stored(kept.projectId, other), { recursive: true }).length).toBeGreaterThan(0);
      expect((await other.settle(await other.generate(kept.characterId))).status).toBe('COMPLETED');
      const { errors } = await other.ask(`{ project(id: "${doomed.projectId}") { id } }`, {}, doomed.owner);
      expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    } finally {
      await other.stop();
    }
  });

  it('buys nothing more, even when a worker comes to its queue first', async () => {
    const other = await Dramatis.start({ servers: 0 });
    try {
      other.url = (await other.startServer({ ROLE: 'api' })).url ?? '';
      const { projectId, owner, characterId } = await studio(other);
      for (let round = 0; round < 30; round += 1) await other.generate(characterId);
      await mutate(other, owner, 'deleteProject', { id: projectId, name: 'Team' }, 'project { id }');
      await other.startServer({ ROLE: 'worker' });
      await eventually(
        'all to be canceled',
        async () =>
          (await other.database.query("SELECT 1 FROM generations WHERE status <> 'CANCELED'")).length === 0,
      );
      expect(
        other.simulator.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v2/')),
      ).toEqual([]);
      expect(other.simulator.bill).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it('ends the sockets that follow it: of a person, a key and the admin', async () => {
    const { projectId, owner } = await studio();
    const { key } = await apiKey(dramatis, owner, projectId);
    let following = 0;
    const ends = [owner.key, key, adminKey].map(async (each) => {
      const client = dramatis.connect({ key: each });
      const query = `subscription { projectEvents(projectId: "${projectId}", after: 0) { sequence } }`;
      const stream = (async () => {
        let isFirst = true;
        for await (const { errors } of client.iterate({ query })) {
          expect(errors).toBeUndefined();
          if (isFirst) following += 1;
          isFirst = false;
        }
      })();
      return stream.then(
        () => 'complete',
        ({ code, reason }) => `${code} ${reason}`,
      );
    });
    await eventually('all to follow', () => following === 3);
    await mutate(dramatis, owner, 'deleteProject', { id: projectId, name: 'Team' }, 'project { id }');
    await dramatis.database.query(
      "UPDATE projects SET deleting_at = deleting_at - interval '1 minute' WHERE deleting_at IS NOT NULL",
    );
    expect(await Promise.all(ends)).toEqual(['4403 MEMBERSHIP_ENDED', '4403 KEY_ENDED', '4403 PROJECT_GONE']);
  });

  it('that cannot be removed keeps no other from it', async () => {
    const [stuck, other] = [await studio(), await studio()];
    const id = fromGlobalId('Project', stuck.projectId);
    await dramatis.database.query(
      `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF OLD.project_id = '${id}' THEN RAISE 'held'; END IF; RETURN OLD; END $$;
       CREATE TRIGGER hold BEFORE DELETE ON characters FOR EACH ROW EXECUTE FUNCTION hold();`,
    );
    for (const { owner, projectId } of [stuck, other])
      await mutate(dramatis, owner, 'deleteProject', { id: projectId, name: 'Team' }, 'project { id }');
    await dramatis.database.query(
      "UPDATE projects SET deleting_at = deleting_at - interval '1 minute' WHERE deleting_at IS NOT NULL",
    );
    await eventually('the other to go', () => isGone(other.projectId));
    expect(await traces(stuck.projectId)).toContain('projects');
    await dramatis.database.query('DROP TRIGGER hold ON characters');
    await eventually('the first to go as well', () => isGone(stuck.projectId));
  });

  it('goes in the end, however often the process is killed meanwhile', async () => {
    const other = await Dramatis.start({ servers: 0 });
    try {
      const first = await startServerProcess(other);
      other.url = first.url;
      const { projectId, owner, characterId } = await studio(other);
      const id = fromGlobalId('Project', projectId);
      await other.database.query(
        `INSERT INTO project_events (project_id, sequence, kind) SELECT $1, 1000000 + n, 'CHARACTER_UPDATED' FROM generate_series(1, 60000) n`,
        [id],
      );
      await other.settle(await other.generate(characterId));
      await mutate(other, owner, 'deleteProject', { id: projectId, name: 'Team' }, 'project { id }');
      await other.database.query("UPDATE projects SET deleting_at = deleting_at - interval '1 minute'");
      let server = first;
      let kills = 0;
      for (let round = 0; round < 4; round += 1) {
        const before = await other.database.query('SELECT count(*)::int AS count FROM project_events');
        await eventually('some of it to go', async () => {
          const now = await other.database.query('SELECT count(*)::int AS count FROM project_events');
          return Number(now[0]?.count) < Number(before[0]?.count) || Number(now[0]?.count) === 0;
        });
        server.signal('SIGKILL');
        await server.exited;
        kills += 1;
        server = await startServerProcess(other);
      }
      await eventually('the rest to go', () => isGone(projectId, other), 30_000);
      expect(kills).toBe(4);
      expect(existsSync(stored(projectId, other))).toBe(false);
    } finally {
      await other.stop();
    }
  });
});

it('pictures of an older layout are sorted by project at the first start', async () => {
  const other = await Dramatis.start();
  try {
    const { projectId, owner } = await studio(other);
    const query =
      `{ project(id: "${projectId}") { characters(first: 1) { nodes { referenceImages { image { url sha256 } } } } } }` as const;
    const { data } = await other.ask(query, {}, owner);
    const { url, sha256 } = data.project.characters.nodes[0].referenceImages[0].image;
    const [root, folder] = [join(other.environment.DATA_DIR ?? '', 'storage'), sha256.slice(0, 2)];
    const { mkdirSync, renameSync, rmSync } = await import('node:fs');
    mkdirSync(join(root, 'blobs', folder), { recursive: true });
    renameSync(join(stored(projectId, other), 'blobs', folder, sha256), join(root, 'blobs', folder, sha256));
    rmSync(stored(projectId, other), { recursive: true });
    expect((await fetch(url)).status).toBe(404);
    await other.startServer();
    expect((await fetch(url)).status).toBe(200);
    expect(existsSync(join(root, 'blobs'))).toBe(false);
  } finally {
    await other.stop();
  }
});
