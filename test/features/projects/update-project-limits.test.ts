import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { Dramatis } from '../../support/dramatis.ts';
import { apiKey, mutate, type Person, team, token } from '../../support/people.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
});
afterAll(() => dramatis.stop());

const fields = 'project { maxConcurrentGenerations activeGenerations approvalPerRun approvalPerBatch }';
const update = (who: Person, input: object) => mutate(dramatis, who, 'updateProjectLimits', input, fields);

it('is for people who own the project', async () => {
  const { projectId, owner, editor, viewer } = await team(dramatis);
  const key = await apiKey(dramatis, owner, projectId, { role: 'OWNER' });
  for (const who of [editor, viewer, key])
    await expect(update(who, { id: projectId, maxConcurrentGenerations: 5 })).rejects.toThrow('FORBIDDEN');
  const stranger = { key: await token('stranger') };
  await expect(update(stranger, { id: projectId, maxConcurrentGenerations: 5 })).rejects.toThrow('NOT_FOUND');
  const may = async (who: Person) =>
    (
      await dramatis.ask(
        `{ project(id: "${projectId}") { viewerCanReadSpend viewerCanManageBudgets viewerCanApproveGenerations viewerCanResolveGenerations } }`,
        {},
        who,
      )
    ).data.project;
  const [none, all] = [false, true].map((may) => ({
    viewerCanReadSpend: may,
    viewerCanManageBudgets: may,
    viewerCanApproveGenerations: may,
    viewerCanResolveGenerations: may,
  }));
  expect(await may(viewer)).toEqual(none);
  expect(await may(editor)).toEqual({ ...none, viewerCanReadSpend: true });
  expect(await may(key)).toEqual({ ...none, viewerCanReadSpend: true });
  expect(await may(owner)).toEqual(all);
  // Until the project is gone a person may still tell what a run has cost.
  await mutate(dramatis, owner, 'deleteProject', { id: projectId, name: 'Team' }, 'project { id }');
  expect(await may(owner)).toEqual({ ...none, viewerCanReadSpend: true, viewerCanResolveGenerations: true });
  expect(await may(editor)).toEqual({ ...none, viewerCanReadSpend: true });
});

it('names everything that is out of range at once', async () => {
  const { projectId, owner } = await team(dramatis);
  const limits = { maxConcurrentGenerations: 10_001, approvalPerRun: '-1', approvalPerBatch: '-0.000001' };
  const { project, userErrors } = await update(owner, { id: projectId, ...limits });
  expect([project, userErrors.map(({ path }) => path[1])]).toEqual([null, Object.keys(limits)]);
  expect((await update(owner, { id: projectId, maxConcurrentGenerations: -1 })).userErrors).toHaveLength(1);
});

it('changes what is given, takes null for no approval, and tells once', async () => {
  const { projectId, owner } = await team(dramatis);
  const changes = [
    { maxConcurrentGenerations: 10_000, approvalPerRun: '0', approvalPerBatch: '12.5' },
    { approvalPerBatch: null },
    { maxConcurrentGenerations: 0 },
    { maxConcurrentGenerations: null },
    { approvalPerRun: '0.000000' },
    {},
  ];
  const answers = [];
  for (const change of changes) answers.push((await update(owner, { id: projectId, ...change })).project);
  const base = { maxConcurrentGenerations: 10_000, activeGenerations: 0, approvalPerRun: '0.000000' };
  const last = { ...base, maxConcurrentGenerations: 0, approvalPerBatch: null };
  expect(answers).toEqual([
    { ...base, approvalPerBatch: '12.500000' },
    { ...base, approvalPerBatch: null },
    last,
    last,
    last,
    last,
  ]);
  const { data } = await dramatis.ask(
    `{ project(id: "${projectId}") { auditLog(first: 9, filter: { actions: [PROJECT_LIMITS_UPDATED] }) { nodes { details } } } }`,
    {},
    owner,
  );
  expect(data.project.auditLog.nodes.map(({ details }: { details: object }) => details)).toEqual([
    { maxConcurrentGenerations: 0, approvalPerRun: '0.000000', approvalPerBatch: null },
    { maxConcurrentGenerations: 10_000, approvalPerRun: '0.000000', approvalPerBatch: null },
    { maxConcurrentGenerations: 10_000, approvalPerRun: '0.000000', approvalPerBatch: '12.500000' },
  ]);
  const events = await dramatis.database.query(
    "SELECT 1 FROM project_events WHERE project_id = $1 AND kind = 'PROJECT_LIMITS_UPDATED'",
    [fromGlobalId('Project', projectId)],
  );
  expect(events).toHaveLength(3);
});

it('takes a limit below what is under way at its word: nothing new gets a slot until enough were given back', async () => {
  const { projectId, owner } = await team(dramatis);
  const id = fromGlobalId('Project', projectId);
  const count = (change: number) =>
    dramatis.database
      .query(
        `UPDATE projects SET active_generations = active_generations + $2,
           excess_generations = CASE WHEN $2 < 0 THEN greatest(0, active_generations + $2 - max_concurrent_generations) ELSE excess_generations END
         WHERE id = $1`,
        [id, change],
      )
      .then(
        () => true,
        () => false,
      );
  const taken = await Promise.all(Array.from({ length: 25 }, () => count(1)));
  expect(taken.filter(Boolean)).toHaveLength(20);
  // Lowered while others take and give back.
  await Promise.all([
    update(owner, { id: projectId, maxConcurrentGenerations: 5 }),
    ...Array.from({ length: 10 }, (_, index) => count(index % 2 ? 1 : -1)),
  ]);
  const [row] = await dramatis.database.query('SELECT * FROM projects WHERE id = $1', [id]);
  const active = Number(row?.active_generations);
  expect([row?.max_concurrent_generations, row?.excess_generations]).toEqual([5, active - 5]);
  expect(await count(1)).toBe(false);
  for (let left = active; left > 5; left -= 1) await count(-1);
  expect(await count(1)).toBe(false);
  await count(-1);
  expect([await count(1), await count(1)]).toEqual([true, false]);
  const { project } = await update(owner, { id: projectId, maxConcurrentGenerations: 6 });
  expect(project).toMatchObject({ maxConcurrentGenerations: 6, activeGenerations: 5 });
  expect([await count(1), await count(1)]).toEqual([true, false]);
});
