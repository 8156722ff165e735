import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { apiKey, mutate, type Person, team, token } from '../support/people.ts';
import { seed } from '../support/seed.ts';

/** Milliseconds within which two clocks of one machine, and what happens between two looks at them, agree. */
const momentMs = 300_000;

/*
 * A time that is written wrong and read wrong by the same amount looks right. So what is told is compared with what an
 * independent connection finds stored, as seconds since 1970, and both with the clock.
 */
describe.each([
  // Behind and ahead of UTC, the second by half an hour.
  'America/New_York',
  'Asia/Kolkata',
])('a database whose sessions begin in %s', (timeZone) => {
  let dramatis: Dramatis;
  let cast: Awaited<ReturnType<typeof team>>;
  let admin: Person;
  let characterId: string;
  let runId: string;
  let executors: [string, string];
  let startedAt: number;
  beforeAll(async () => {
    startedAt = Date.now();
    dramatis = await Dramatis.start({
      timeZone,
      environment: { QUOTE_LIFETIME_MS: '2000', EXECUTOR: 'compiled', COST_BURST: '1000000' },
    });
    const resolvers = await dramatis.startServer({ EXECUTOR: 'graphql-js', ROLE: 'api' });
    executors = [dramatis.url, resolvers.url ?? ''];
    const made = await seed(dramatis).team().character().face().make();
    cast = made;
    ({ characterId, owner: admin } = made);
    const budget = { projectId: cast.projectId, scope: 'PROJECT', period: 'DAY', cap: '10', thresholds: [1] };
    await mutate(dramatis, admin, 'createBudget', budget, 'budget { id }');
  });
  afterAll(() => dramatis.stop());

  /** What is stored, as milliseconds since 1970, by a statement that selects one moment. */
  const stored = async (moment: string, values: unknown[] = []): Promise<number> => {
    const [row] = await dramatis.database.query(
      `SELECT (extract(epoch FROM moment) * 1000)::float8 AS ms FROM (${moment}) s(moment)`,
      values,
    );
    return Number(row?.ms);
  };
  const expectNow = (ms: number) => {
    expect(ms).toBeGreaterThan(startedAt - momentMs);
    expect(ms).toBeLessThan(Date.now() + momentMs);
  };
  const isRefused = async (who: Person) =>
    (await dramatis.ask('{ viewer { kind } }', {}, who)).status === 401;

  it('is one', async () => {
    expect(await dramatis.database.query('SHOW TimeZone')).toEqual([{ TimeZone: timeZone }]);
  });

  it('a run takes as long as ever, and each of its moments is told as it is stored', async () => {
    runId = await dramatis.generate(characterId);
    const askedAt = performance.now();
    const run = await dramatis.settle(runId);
    expect(run.status).toBe('COMPLETED');
    expect(performance.now() - askedAt).toBeLessThan(momentMs);
    const columns = {
      requestedAt: 'requested_at',
      submittedAt: 'submitted_at',
      startedAt: 'started_at',
      finishedAt: 'finished_at',
    } as const;
    for (const url of executors) {
      const { generation } = await dramatis.get<{ generation: Record<string, string> }>(
        `query ($id: ID!) { generation(id: $id) { ${Object.keys(columns).join(' ')} } }`,
        { id: runId },
        { url },
      );
      for (const [field, column] of Object.entries(columns)) {
        const ms = await stored(`SELECT ${column} FROM generations WHERE id = $1`, [
          fromGlobalId('Generation', runId),
        ]);
        expectNow(ms);
        expect([field, generation[field]]).toEqual([field, new Date(ms).toISOString()]);
      }
    }
  });

  it('lists, the ledger, the audit log, alerts and budgets tell by both executors what is stored', async () => {
    const readAll = async (url: string) => {
      const { data } = await dramatis.ask(
        `query ($id: ID!) { project(id: $id) { createdAt
           characters(first: 5) { nodes { createdAt generations(first: 5) { nodes { id requestedAt finishedAt } } } }
           ledger(first: 50) { nodes { kind at day } }
           auditLog(first: 50) { nodes { action at } }
           budgetAlerts(first: 5) { nodes { createdAt periodStartsOn } }
           budgets(first: 5) { nodes { createdAt periodStartsOn periodEndsOn } } } }`,
        { id: cast.projectId },
        { url, key: admin.key },
      );
      return data.project;
    };
    const project = await readAll(executors[0]);
    expect(await readAll(executors[1])).toEqual(project);
    const id = fromGlobalId('Project', cast.projectId);
    const told = async (text: string) =>
      (
        await dramatis.database.query(
          `SELECT extract(epoch FROM moment) * 1000 AS ms FROM (${text}) s(moment) ORDER BY ms`,
          [id],
        )
      ).map(({ ms }) => new Date(Number(ms)).toISOString());
    const sorted = (nodes: Record<string, string>[], field: string) =>
      nodes.map((node) => String(node[field])).sort();
    expect([project.createdAt]).toEqual(await told('SELECT created_at FROM projects WHERE id = $1'));
    expectNow(Date.parse(project.createdAt));
    expect(sorted(project.ledger.nodes, 'at')).toEqual(
      await told('SELECT at FROM ledger_entries WHERE project_id = $1'),
    );
    expect(sorted(project.auditLog.nodes, 'at')).toEqual(
      await told('SELECT at FROM audit_entries WHERE project_id = $1'),
    );
    expect(sorted(project.budgetAlerts.nodes, 'createdAt')).toEqual(
      await told('SELECT created_at FROM budget_alerts WHERE project_id = $1'),
    );
    expect(project.ledger.nodes.length).toBeGreaterThan(1);
    expect(project.budgetAlerts.nodes.length).toBe(1);
    // Days are those of UTC, whatever day it is where the database stands.
    for (const { at, day } of project.ledger.nodes) expect(day).toBe(at.slice(0, 10));
    const [budget] = project.budgets.nodes;
    const [alert] = project.budgetAlerts.nodes;
    expect(alert.periodStartsOn).toBe(alert.createdAt.slice(0, 10));
    expect(budget.periodEndsOn).toBe(budget.periodStartsOn);
    const [today] = await told("SELECT date_trunc('day', now(), 'UTC') WHERE $1::uuid IS NOT NULL");
    expect(budget.periodStartsOn).toBe(today?.slice(0, 10));
  });

  it('an export tells the same moments, and has each run on one day', async () => {
    const { generation } = await dramatis.get('query ($id: ID!) { generation(id: $id) { requestedAt } }', {
      id: runId,
    });
    const { requestedAt } = generation;
    const day = (offset: number) =>
      new Date(Date.parse(requestedAt) + offset * 86_400_000).toISOString().slice(0, 10);
    const lines = async (file: string, from: string, to: string) => {
      const query = new URLSearchParams({ projectId: cast.projectId, from, to });
      const response = await fetch(`${dramatis.url}/exports/${file}.jsonl?${query}`, {
        headers: { authorization: `Bearer ${admin.key}` },
      });
      expect(response.status).toBe(200);
      return (await response.text())
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, string>);
    };
    expect(await lines('generations', day(0), day(0))).toMatchObject([{ id: runId, requestedAt }]);
    for (const [from, to] of [
      [day(-2), day(-1)],
      [day(1), day(2)],
    ] as const) {
      expect(await lines('generations', from, to)).toEqual([]);
      expect((await lines('ledger', from, to)).filter(({ generationId }) => generationId === runId)).toEqual(
        [],
      );
    }
    const entries = await lines('ledger', day(0), day(1));
    expect(entries.length).toBeGreaterThan(1);
    for (const { at, day: bookedOn } of entries) {
      expectNow(Date.parse(at ?? ''));
      expect(bookedOn).toBe(at?.slice(0, 10));
    }
  });

  /** A key that ends soon, and one that ends in hours. */
  async function endKeys(): Promise<void> {
    const expiresAt = new Date(Date.now() + 2 * 3_600_000).toISOString();
    const long = await apiKey(dramatis, admin, cast.projectId, { expiresAt });
    const { data } = await dramatis.ask('{ viewer { expiresAt apiKey { createdAt expiresAt } } }', {}, long);
    expect(data.viewer).toMatchObject({ expiresAt, apiKey: { expiresAt } });
    expectNow(Date.parse(data.viewer.apiKey.createdAt));
    const rowId = fromGlobalId('ApiKey', long.id);
    expect(await stored('SELECT expires_at FROM api_keys WHERE id = $1', [rowId])).toBe(
      Date.parse(expiresAt),
    );

    const endsAt = Date.now() + 2_000;
    const soon = { expiresAt: new Date(endsAt).toISOString() };
    const short = await apiKey(dramatis, admin, cast.projectId, soon);
    expect(await isRefused(short)).toBe(false);
    await eventually('the key to end', () => isRefused(short));
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt - 100);
    expect(Date.now()).toBeLessThan(endsAt + momentMs);
  }

  /** A token, and the subscription that it opened. */
  async function endToken(): Promise<void> {
    const key = await token('olivia', { lifetimeSeconds: 6 });
    const startsAt = Date.now();
    const client = dramatis.connect({ key });
    const closed = new Promise<unknown>((resolve) => client.on('closed', resolve));
    const events = client.iterate({
      query: 'subscription ($id: ID!) { projectEvents(projectId: $id) { at } }',
      variables: { id: cast.projectId },
    });
    const told = (async () => {
      for await (const { errors } of events) expect(errors).toBeUndefined();
    })().catch((error: unknown) => error);
    const ended = { code: 4403, reason: 'TOKEN_EXPIRED' };
    expect([await closed, await told]).toMatchObject([ended, ended]);
    // The end is told in whole seconds, and looked after once a second.
    expect(Date.now() - startsAt).toBeGreaterThan(4_900);
    expect(Date.now() - startsAt).toBeLessThan(momentMs);
  }

  async function endQuote(): Promise<void> {
    const input = { characterId, model: { consistentCharacter: { prompt: 'at the sea' } } };
    const { quoteGeneration } = await dramatis.get(
      'query ($input: GenerateInput!) { quoteGeneration(input: $input) { quote { id expiresAt } } }',
      { input },
    );
    const { id: quoteId, expiresAt } = quoteGeneration.quote;
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 2_000)).toBeLessThan(1_900);
    // Asked for once only, however often.
    const asked = { ...input, quoteId, idempotencyKey: 'quoted' };
    const ask = () => mutate(dramatis, admin, 'generate', asked, 'generation { requestedAt }');
    expect((await ask()).userErrors).toEqual([]);
    await eventually('the quote to end', async () => Date.now() > Date.parse(expiresAt) + 200, 10_000);
    const late = { ...asked, idempotencyKey: 'late' };
    const { userErrors } = await mutate(dramatis, admin, 'generate', late, 'generation { id }');
    expect(userErrors).toMatchObject([{ code: 'QUOTE_EXPIRED' }]);
  }

  it('a key, a token and a quote end when they say so, neither hours before nor after', async () => {
    await Promise.all([endKeys(), endToken(), endQuote()]);
  });
});
