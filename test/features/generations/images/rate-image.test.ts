import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fromGlobalId, toGlobalId } from '../../../../src/platform/reads/global-id.ts';
import { Dramatis } from '../../../support/dramatis.ts';
import { insertPictures } from '../../../support/ended-runs.ts';
import { holdProject } from '../../../support/held-project.ts';
import { mutate, type Person, team, token } from '../../../support/people.ts';
import { seed } from '../../../support/seed.ts';

let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
let project: string;
let run: string;
let pictures: string[];
beforeAll(async () => {
  dramatis = await Dramatis.start();
  cast = await team(dramatis);
  project = fromGlobalId('Project', cast.projectId);
});
afterAll(() => dramatis.stop());
beforeEach(async () => {
  const { runs } = await seed(dramatis).in(cast).character().run({ pictures: 50 }).make();
  run = runs[0].row;
  pictures = await insertPictures(dramatis.database, { id: run, projectId: project }, 50);
});

const rate = (who: Person, id: string, verdict?: string | null) =>
  mutate(dramatis, who, 'rateImage', { id, verdict }, 'generatedImage { id verdict }');
const idAt = (index: number) => toGlobalId('GeneratedImage', pictures[index] ?? '');
const ask = async (text: string, values: unknown[]) => (await dramatis.database.query(text, values))[0];
const discarded = async () =>
  Number((await ask('SELECT discarded FROM generations WHERE id = $1', [run]))?.discarded);
const events = () =>
  dramatis.database.query(
    "SELECT kind FROM project_events WHERE generation_id = $1 AND kind = 'IMAGE_RATED'",
    [run],
  );

describe('rating a picture', () => {
  it('is for editors, in a project that is open', async () => {
    await expect(rate(cast.viewer, idAt(0), 'FAVORITE')).rejects.toThrow('FORBIDDEN');
    const stranger = { key: await token('stranger') };
    await expect(rate(stranger, idAt(0), 'FAVORITE')).rejects.toThrow(/^NOT_FOUND$/);
    await expect(rate(cast.editor, 'nonsense', 'FAVORITE')).rejects.toThrow('NOT_FOUND');
    await mutate(dramatis, cast.owner, 'archiveProject', { id: cast.projectId }, 'project { id }');
    expect((await rate(cast.editor, idAt(0), 'FAVORITE')).userErrors).toMatchObject([
      { code: 'PROJECT_ARCHIVED', path: ['input', 'id'] },
    ]);
    await mutate(dramatis, cast.owner, 'restoreProject', { id: cast.projectId }, 'project { id }');
    expect([await discarded(), await events()]).toEqual([0, []]);
  });

  it('is refused when the project is archived between its check and its write', async () => {
    const archiving = await holdProject(dramatis.database.url, project);
    const rating = rate(cast.editor, idAt(0), 'DISCARDED');
    await archiving.awaited(1);
    await archiving.query('UPDATE projects SET archived_at = now() WHERE id = $1', [project]);
    await archiving.release();
    expect(await rating).toMatchObject({
      generatedImage: null,
      userErrors: [{ code: 'PROJECT_ARCHIVED', path: ['input', 'id'] }],
    });
    await mutate(dramatis, cast.owner, 'restoreProject', { id: cast.projectId }, 'project { id }');
    expect([await discarded(), await events()]).toEqual([0, []]);
  });

  it('says what the picture is worth: left out is not taken back', async () => {
    await rate(cast.editor, idAt(0), 'DISCARDED');
    expect(await rate(cast.editor, idAt(0))).toMatchObject({
      generatedImage: null,
      userErrors: [{ code: 'INVALID_INPUT', path: ['input', 'verdict'] }],
    });
    expect([await discarded(), (await events()).length]).toEqual([1, 1]);
  });

  it('is told, counted, and taken back; saying it twice is once', async () => {
    expect(await rate(cast.editor, idAt(0), 'DISCARDED')).toEqual({
      generatedImage: { id: idAt(0), verdict: 'DISCARDED' },
      userErrors: [],
    });
    await rate(cast.editor, idAt(0), 'DISCARDED');
    expect([await discarded(), (await events()).length]).toEqual([1, 1]);
    await rate(cast.editor, idAt(0), 'FAVORITE');
    await rate(cast.editor, idAt(1), 'DISCARDED');
    expect(await discarded()).toBe(1);
    expect(await rate(cast.editor, idAt(1), null)).toMatchObject({ generatedImage: { verdict: null } });
    expect([await discarded(), (await events()).length]).toEqual([0, 4]);
  });

  it('by fifty at once ends with the right count, in the run and in the analytics', async () => {
    const before = await ask('SELECT sum(discarded)::int AS count FROM spend_rollups WHERE project_id = $1', [
      project,
    ]);
    await Promise.all(
      pictures.map((_, index) => rate(cast.editor, idAt(index), index % 5 ? 'DISCARDED' : 'FAVORITE')),
    );
    expect(await discarded()).toBe(40);
    const after = await ask('SELECT sum(discarded)::int AS count FROM spend_rollups WHERE project_id = $1', [
      project,
    ]);
    // Once in each of the five slices.
    expect(Number(after?.count) - Number(before?.count)).toBe(5 * 40);
    expect(await events()).toHaveLength(50);
  });

  it('is an event that carries the run as it is', async () => {
    await rate(cast.editor, idAt(3), 'FAVORITE');
    const client = dramatis.connect(cast.viewer);
    const query = `subscription { projectEvents(projectId: "${cast.projectId}", after: 0) { kind generation { id status } } }`;
    const events = client.iterate<{ projectEvents: { kind: string; generation: object } }>({ query });
    const told = await (async () => {
      for await (const { data, errors } of events) {
        expect(errors).toBeUndefined();
        if (data?.projectEvents.kind === 'IMAGE_RATED') return data.projectEvents.generation;
      }
      throw new Error('The stream ended without the rating.');
    })();
    expect(told).toMatchObject({ status: 'COMPLETED' });
  });
});
