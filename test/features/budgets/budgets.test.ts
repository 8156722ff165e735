import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectDatabase, type Database } from '../../../src/platform/db/connect.ts';
import { fromGlobalId, toGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Dramatis, eventually } from '../../support/dramatis.ts';
import { awayFromMidnight, midnightMs } from '../../support/midnight.ts';
import { apiKey, mutate, type Person, token } from '../../support/people.ts';
import { holdRun, settleRun } from '../../support/runs.ts';
import { placeOf, seed } from '../../support/seed.ts';

let dramatis: Dramatis;
let db: Database;
beforeAll(awayFromMidnight, midnightMs);
beforeAll(async () => {
  // No worker: what is held here stays held until a test says otherwise.
  dramatis = await Dramatis.start({ environment: { ROLE: 'api', COST_BURST: '1000000' } });
  db = connectDatabase(dramatis.database.url, { maxConnections: 10 });
  dramatis.onStop(() => db.$disconnect());
});
afterAll(() => dramatis.stop());

const amounts = 'cap settled held available overrun';
const fields = `id scope period thresholds removedAt periodStartsOn periodEndsOn ${amounts}
  member { id } apiKey { id } character { id } model { slug }` as const;
const codes = (payload: { userErrors: { code: string }[] }) => payload.userErrors.map(({ code }) => code);

/** A team with a character; `make` makes a budget, of the whole project in total where nothing else is said. */
async function studio() {
  const cast = await seed(dramatis).team().character().make();
  const { projectId, owner } = cast;
  const make = (more: object = {}, who: Person = owner) =>
    mutate(
      dramatis,
      who,
      'createBudget',
      { projectId, scope: 'PROJECT', period: 'TOTAL', cap: '10', ...more },
      `budget { ${fields} }`,
    );
  const update = (input: object, who: Person = owner) =>
    mutate(dramatis, who, 'updateBudget', input, `budget { ${fields} }`);
  const remove = (id: string, who: Person = owner) =>
    mutate(dramatis, who, 'removeBudget', { id }, `budget { ${fields} }`);
  const list = async (who: Person = owner) => {
    const query = `{ project(id: "${projectId}") { budgets(first: 100) { nodes { ${fields} } } } }` as const;
    return (await dramatis.ask(query, {}, who)).data.project.budgets?.nodes;
  };
  const listAlerts = async (who: Person = owner) => {
    const query = `{ project(id: "${projectId}") { budgetAlerts(first: 100) {
      nodes { id threshold cap settled held createdAt periodStartsOn payload budget { id } } } } }` as const;
    return (await dramatis.ask(query, {}, who)).data.project.budgetAlerts.nodes;
  };
  return { ...cast, place: placeOf(cast), make, update, remove, list, listAlerts };
}

it('only people who own the project change budgets; each viewer who may read the spend reads them', async () => {
  const { projectId, owner, editor, viewer, make, update, remove, list } = await studio();
  const key = await apiKey(dramatis, owner, projectId, { role: 'OWNER' });
  const stranger = { key: await token('stranger') };
  const { budget } = await make();
  for (const who of [editor, viewer, key]) {
    await expect(make({ period: 'DAY' }, who)).rejects.toThrow('FORBIDDEN');
    await expect(update({ id: budget.id, cap: '1' }, who)).rejects.toThrow('FORBIDDEN');
    await expect(remove(budget.id, who)).rejects.toThrow('FORBIDDEN');
  }
  await expect(make({ period: 'DAY' }, stranger)).rejects.toThrow('NOT_FOUND');
  await expect(update({ id: budget.id, cap: '1' }, stranger)).rejects.toThrow('NOT_FOUND');
  await expect(remove(budget.id, stranger)).rejects.toThrow('NOT_FOUND');
  const node = `{ node(id: "${budget.id}") { ... on Budget { cap } } }` as const;
  expect((await dramatis.ask(node, {}, viewer)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  expect((await dramatis.ask(node, {}, stranger)).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
  expect(await list(viewer)).toBeUndefined();
  for (const who of [owner, editor, key]) {
    expect((await dramatis.ask(node, {}, who)).data.node).toEqual({ cap: '10.000000' });
    expect(await list(who)).toEqual([budget]);
  }
});

it('names everything that is wrong with a budget at once', async () => {
  const { characterId, make, update } = await studio();
  const problems = async (more: object) => {
    const { userErrors } = await make(more);
    return userErrors.map(({ code, path }: { code: string; path: string[] }) => [code, ...path].join(' '));
  };
  const invalid = (...paths: string[]) => paths.map((path) => `INVALID_INPUT input ${path}`);
  expect(await problems({ scope: 'MEMBER', characterId, model: 'x', cap: '-0.000001' })).toEqual(
    invalid('memberId', 'characterId', 'model', 'cap'),
  );
  expect(await problems({ scope: 'API_KEY' })).toEqual(invalid('apiKeyId'));
  expect(await problems({ scope: 'CHARACTER', apiKeyId: 'x' })).toEqual(invalid('apiKeyId', 'characterId'));
  expect(await problems({ scope: 'MODEL' })).toEqual(invalid('model'));
  expect(await problems({ scope: 'MODEL', model: 'Consistent-Character' })).toEqual(invalid('model'));
  expect(await problems({ scope: 'PROJECT', model: 'consistent-character' })).toEqual(invalid('model'));
  expect(await problems({ thresholds: [0, 50, 50, 40, 101] })).toEqual(
    invalid('thresholds 0', 'thresholds 2', 'thresholds 3', 'thresholds 4'),
  );
  expect(await problems({ thresholds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] })).toEqual(invalid('thresholds'));
  const { budget } = await make();
  const { userErrors } = await update({ id: budget.id, cap: '-1', thresholds: [100, 1] });
  expect(userErrors.map(({ path }) => path.join(' '))).toEqual(['input cap', 'input thresholds 1']);
});

it('takes exact amounts only', async () => {
  const { projectId, owner, make } = await studio();
  const document = 'mutation ($input: CreateBudgetInput!) { createBudget(input: $input) { budget { id } } }';
  for (const cap of [
    'NaN',
    '0.0000001',
    '9223372036854775808',
    '1000000000.000001',
    '1e3',
    '',
    ' 1',
    5,
    0.5,
    null,
  ]) {
    const input = { projectId, scope: 'PROJECT', period: 'DAY', cap };
    const { data, errors } = await dramatis.ask(document, { input }, owner);
    expect([cap, data, errors?.[0]?.extensions.code]).toEqual([cap, undefined, 'BAD_USER_INPUT']);
    expect(errors?.[0]?.message).toContain('"input.cap"');
  }
  expect((await make({ period: 'DAY', cap: '0' })).budget).toMatchObject({
    cap: '0.000000',
    available: '0.000000',
  });
  const most = await make({ period: 'MONTH', cap: '1000000000' });
  expect(most.budget).toMatchObject({ cap: '1000000000.000000', available: '1000000000.000000' });
});

it('tells where an amount that is written into the document is wrong', async () => {
  const { projectId, owner } = await studio();
  for (const [cap, found] of [
    ['1.5', '1.5'],
    ['5', '5'],
    ['"1e3"', '"1e3"'],
    ['true', 'true'],
  ]) {
    const document = `mutation {
      createBudget(input: { projectId: "${projectId}", scope: PROJECT, period: DAY, cap: ${cap} }) { budget { id } }
    }`;
    const { errors } = await dramatis.ask(document, {}, owner);
    expect(errors).toEqual([
      {
        message: expect.stringContaining(
          `Expected value of type "Decimal!", found ${found}; An amount must be text`,
        ),
        locations: [{ line: 2, column: (document.split('\n')[1] ?? '').indexOf(` ${cap} }`) + 2 }],
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
  }
});

it('makes one budget for each subject and period, however many ask for it', async () => {
  const { projectId, owner, editorMember, characterId, make } = await studio();
  const key = await apiKey(dramatis, owner, projectId);
  const answers = await Promise.all(Array.from({ length: 12 }, () => make({ period: 'DAY' })));
  expect(answers.flatMap(codes)).toEqual(Array(11).fill('BUDGET_EXISTS'));
  const subjects = [
    { scope: 'MEMBER', memberId: editorMember },
    { scope: 'API_KEY', apiKeyId: key.id },
    { scope: 'CHARACTER', characterId },
    { scope: 'MODEL', model: 'consistent-character' },
  ];
  for (const subject of subjects) {
    const { budget, userErrors } = await make({ ...subject, period: 'DAY' });
    expect(userErrors).toEqual([]);
    expect([budget.member?.id, budget.apiKey?.id, budget.character?.id, budget.model?.slug]).toEqual([
      'memberId' in subject ? editorMember : undefined,
      'apiKeyId' in subject ? key.id : undefined,
      'characterId' in subject ? characterId : undefined,
      'model' in subject ? 'consistent-character' : undefined,
    ]);
    expect(codes(await make({ ...subject, period: 'DAY', cap: '7' }))).toEqual(['BUDGET_EXISTS']);
    expect(codes(await make({ ...subject, period: 'MONTH' }))).toEqual([]);
  }
});

it('takes no subject of another project', async () => {
  const [here, there] = [await studio(), await studio()];
  const key = await apiKey(dramatis, there.owner, there.projectId);
  for (const subject of [
    { scope: 'MEMBER', memberId: there.editorMember },
    { scope: 'API_KEY', apiKeyId: key.id },
    { scope: 'CHARACTER', characterId: there.characterId },
    { scope: 'MEMBER', memberId: here.characterId },
    { scope: 'CHARACTER', characterId: '' },
  ])
    await expect(here.make(subject)).rejects.toThrow('NOT_FOUND');
  expect(await here.list()).toEqual([]);
});

it('shows its current period: what is settled, held and left', async () => {
  const { make, list, place } = await studio();
  const yesterday = new Date(Date.now() - 86_400_000);
  await settleRun(db, await holdRun(db, place, 9_000_000n, { requestedAt: yesterday }), 8_000_000n);
  await settleRun(db, await holdRun(db, place, 700_000n), 580_000n);
  await holdRun(db, place, 1_000_000n);
  const day = (await make({ period: 'DAY' })).budget;
  const today = new Date().toISOString().slice(0, 10);
  const spent = { settled: '0.580000', held: '1.000000', available: '8.420000', overrun: '0.000000' };
  expect(day).toMatchObject({ ...spent, periodStartsOn: today, periodEndsOn: today });
  const total = (await make({ cap: '9' })).budget;
  expect(total).toMatchObject({
    periodStartsOn: null,
    periodEndsOn: null,
    settled: '8.580000',
    held: '1.000000',
    available: '0.000000',
    overrun: '0.580000',
  });
  const month = (await make({ period: 'MONTH', scope: 'MODEL', model: 'consistent-character-with-pose' }))
    .budget;
  const [year, number] = today.split('-').map(Number);
  expect(month).toMatchObject({
    periodStartsOn: `${today.slice(0, 8)}01`,
    periodEndsOn: new Date(Date.UTC(year ?? 0, number ?? 0, 0)).toISOString().slice(0, 10),
    settled: '0.000000',
    available: '10.000000',
  });
  expect(await list()).toEqual([month, total, day]);
  // Tomorrow, a new period: as if everything of today were of yesterday.
  await dramatis.database.query(
    `UPDATE budget_windows SET starts_at = starts_at - interval '1 day', ends_at = ends_at - interval '1 day' WHERE budget_id = $1`,
    [fromGlobalId('Budget', day.id)],
  );
  expect((await list()).at(-1)).toMatchObject({
    settled: '0.000000',
    held: '0.000000',
    available: '10.000000',
  });
});

it('a changed cap counts at once; what was reached of a cap is told once, and the log knows all', async () => {
  const { projectId, owner, make, update, remove, list, listAlerts, place } = await studio();
  const { budget } = await make({ thresholds: [50, 100] });
  const { id } = budget;
  await holdRun(db, place, 4_000_000n);
  expect((await update({ id, cap: '3.5' })).budget).toMatchObject({
    available: '0.000000',
    overrun: '0.500000',
  });
  await expect(holdRun(db, place, 1n)).rejects.toThrow('budget_windows_cap_check');
  expect((await update({ id, cap: null, thresholds: [10] })).budget).toMatchObject({
    cap: '3.500000',
    thresholds: [10],
  });
  expect((await update({ id, cap: '20' })).budget).toMatchObject({
    available: '16.000000',
    overrun: '0.000000',
  });
  // Nothing changes, nothing is told.
  await update({ id, cap: '20.000000', thresholds: [10] });
  const { budget: removed } = await remove(id);
  expect(removed).toMatchObject({ id, removedAt: expect.any(String) });
  expect((await remove(id)).budget.removedAt).toBe(removed.removedAt);
  expect(codes(await update({ id, cap: '1' }))).toEqual(['BUDGET_REMOVED']);
  expect(await list()).toEqual([]);
  await holdRun(db, place, 500_000_000n);
  expect(codes(await make({ cap: '1000' }))).toEqual([]);

  const alerts = await listAlerts();
  // Those of one moment come in any order.
  const told = alerts.map(({ threshold, cap, held }) => `${threshold} % of ${cap}: ${held}`);
  expect(told.sort()).toEqual([
    '10 % of 20.000000: 4.000000',
    '10 % of 3.500000: 4.000000',
    '100 % of 3.500000: 4.000000',
    '50 % of 1000.000000: 504.000000',
    '50 % of 3.500000: 4.000000',
  ]);
  const events = await db.projectEvent.findMany({
    where: { projectId: place.projectId, budgetId: { not: null } },
    orderBy: { sequence: 'asc' },
  });
  expect(events.map(({ kind }) => kind)).toEqual([
    'BUDGET_CREATED',
    'BUDGET_UPDATED',
    'BUDGET_THRESHOLD_REACHED',
    'BUDGET_THRESHOLD_REACHED',
    'BUDGET_UPDATED',
    'BUDGET_THRESHOLD_REACHED',
    'BUDGET_UPDATED',
    'BUDGET_THRESHOLD_REACHED',
    'BUDGET_REMOVED',
    'BUDGET_CREATED',
    'BUDGET_THRESHOLD_REACHED',
  ]);
  const { data } = await dramatis.ask(
    `{ project(id: "${projectId}") { auditLog(first: 9, filter: { targetId: "${id}" }) { nodes { action targetType details } } } }`,
    {},
    owner,
  );
  const about = { scope: 'PROJECT', period: 'TOTAL' };
  expect(data.project.auditLog.nodes).toEqual([
    { action: 'BUDGET_REMOVED', targetType: 'Budget', details: { ...about, cap: '20.000000' } },
    ...[
      { cap: '20.000000', previousCap: '3.500000', thresholds: '10' },
      { cap: '3.500000', previousCap: '3.500000', thresholds: '10' },
      { cap: '3.500000', previousCap: '10.000000', thresholds: '50 100' },
    ].map((details) => ({
      action: 'BUDGET_UPDATED',
      targetType: 'Budget',
      details: { ...about, ...details },
    })),
    {
      action: 'BUDGET_CREATED',
      targetType: 'Budget',
      details: { ...about, cap: '10.000000', thresholds: '50 100' },
    },
  ]);
});

it('an alert is a body for a webhook, whole and by stable names', async () => {
  const { projectId, editor, editorMember, make, listAlerts, place } = await studio();
  const member = await db.member.findUniqueOrThrow({ where: { id: fromGlobalId('Member', editorMember) } });
  const { budget } = await make({ scope: 'MEMBER', memberId: editorMember, period: 'DAY', cap: '1' });
  await holdRun(db, place, 900_000n);
  await holdRun(db, place, 800_000n, { userId: member.userId });
  const alerts = await listAlerts(editor);
  const at = (threshold: number) => alerts.find((each) => each.threshold === threshold);
  const alert = at(80);
  expect([alerts.length, at(50)?.payload.threshold]).toEqual([2, 50]);
  const today = new Date().toISOString().slice(0, 10);
  expect(alert).toMatchObject({ periodStartsOn: today, budget: { id: budget.id } });
  expect(alert?.payload).toEqual({
    type: 'budget.threshold_reached',
    id: alert?.id,
    createdAt: alert?.createdAt,
    project: { id: projectId, name: 'Team' },
    budget: {
      id: budget.id,
      scope: 'MEMBER',
      period: 'DAY',
      userId: toGlobalId('User', member.userId),
      apiKeyId: null,
      characterId: null,
      model: null,
    },
    periodStartsOn: today,
    threshold: 80,
    cap: '1.000000',
    settled: '0.000000',
    held: '0.800000',
  });
});

it('hides the subject from those who may not see it, and keeps the budget of a member who left', async () => {
  const { projectId, owner, editor, editorMember, make, list } = await studio();
  const [key, other] = [await apiKey(dramatis, owner, projectId), await apiKey(dramatis, owner, projectId)];
  await make({ scope: 'API_KEY', apiKeyId: key.id });
  await make({ scope: 'MEMBER', memberId: editorMember });
  const seen = async (who: Person) => (await list(who)).map(({ member, apiKey: of }) => [member?.id, of?.id]);
  expect(await seen(owner)).toEqual([
    [editorMember, undefined],
    [undefined, key.id],
  ]);
  expect(await seen(editor)).toEqual([
    [editorMember, undefined],
    [undefined, undefined],
  ]);
  expect(await seen(key)).toEqual([
    [undefined, undefined],
    [undefined, key.id],
  ]);
  expect(await seen(other)).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  await mutate(dramatis, owner, 'removeMember', { id: editorMember }, 'member { id }');
  expect(await seen(owner)).toEqual([
    [undefined, undefined],
    [undefined, key.id],
  ]);
});

it('an event shows its budget and alert to those who may see them, and is told to the others without', async () => {
  const { projectId, owner, viewer, make, place } = await studio();
  const follow = (who: Person) => {
    const seen: string[] = [];
    const client = dramatis.connect({ key: who.key });
    const query = `subscription { projectEvents(projectId: "${projectId}", after: 0) { kind budget { cap } budgetAlert { threshold } } }`;
    void (async () => {
      for await (const { data, errors } of client.iterate<{ projectEvents: Record<string, unknown> }>({
        query,
      })) {
        const { kind, budget, budgetAlert } = data?.projectEvents ?? {};
        if (String(kind).startsWith('BUDGET') || errors)
          seen.push(JSON.stringify(errors ?? [kind, budget, budgetAlert]));
      }
    })().catch((error: unknown) => seen.push(String(error)));
    return seen;
  };
  const [shown, hidden] = [follow(owner), follow(viewer)];
  await make({ thresholds: [100] });
  await holdRun(db, place, 10_000_000n);
  await eventually('both to be told', () => shown.length === 2 && hidden.length === 2);
  expect(shown).toEqual([
    '["BUDGET_CREATED",{"cap":"10.000000"},null]',
    '["BUDGET_THRESHOLD_REACHED",{"cap":"10.000000"},{"threshold":100}]',
  ]);
  expect(hidden).toEqual(['["BUDGET_CREATED",null,null]', '["BUDGET_THRESHOLD_REACHED",null,null]']);
});

it('an archived project keeps its budgets, and one that is being deleted gets no more', async () => {
  const { projectId, owner, make, update, remove } = await studio();
  await mutate(dramatis, owner, 'archiveProject', { id: projectId }, 'project { id }');
  const { budget } = await make();
  await mutate(dramatis, owner, 'deleteProject', { id: projectId, name: 'Team' }, 'project { id }');
  expect(codes(await make({ period: 'DAY' }))).toEqual(['PROJECT_DELETING']);
  expect(codes(await update({ id: budget.id, cap: '1' }))).toEqual(['PROJECT_DELETING']);
  expect(codes(await remove(budget.id))).toEqual([]);
});
