import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { adminKey, Dramatis, eventually } from '../support/dramatis.ts';
import { type FollowerSocket, follow } from '../support/followers.ts';
import { hearDatabase } from '../support/heard-database.ts';
import { apiKey, mutate, type Person, team, token } from '../support/people.ts';

let dramatis: Dramatis;
let database: Awaited<ReturnType<typeof hearDatabase>>;
let cast: Awaited<ReturnType<typeof team>>;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({
    environment: {
      COST_BURST: '4000',
      COST_PER_SECOND: '4000',
      WS_MAX_SUBSCRIPTIONS: '200',
      WS_MAX_SOCKETS: '200',
    },
    servers: 0,
  });
  database = await hearDatabase(dramatis.database.url);
  dramatis.onStop(() => database.close());
  dramatis.environment.DATABASE_URL = database.url;
  dramatis.url = (await dramatis.startServer()).url ?? '';
  cast = await team(dramatis);
  characterId = (await addCharacter(cast.owner)).character.id;
});
afterAll(() => dramatis.stop());

const addCharacter = (who: Person, name = 'Mara') =>
  mutate(dramatis, who, 'createCharacter', { projectId: cast.projectId, name }, 'character { id }');

/** Writes events as another process would. */
const happen = (count = 1) =>
  dramatis.database.query(
    `DO $$ BEGIN FOR n IN 1..${count} LOOP PERFORM record_project_event(
      '${fromGlobalId('Project', cast.projectId)}', 'CHARACTER_UPDATED', NULL, '${fromGlobalId('Character', characterId)}', NULL, NULL, NULL);
    END LOOP; END $$`,
  );
const newest = async () =>
  Number(
    (
      await dramatis.database.query('SELECT last_sequence AS newest FROM projects WHERE id = $1', [
        fromGlobalId('Project', cast.projectId),
      ])
    )[0]?.newest,
  );
interface Numbered {
  readonly projectEvents: { readonly sequence: number };
}
const sequences = ({ told }: Pick<FollowerSocket<Numbered>, 'told'>): number[] =>
  told.map(({ projectEvents }) => projectEvents.sequence);
const gapless = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index + 1);
const dataOf = (text: string) => /"payload":\{(.*),"extensions":\{"cost"/.exec(text)?.[1];

/** Follows, and waits until each follower has got a first live event. */
async function gather(keys: readonly string[], query: string, variables: object = {}) {
  const followers = await Promise.all(
    keys.map((key, index) => follow(dramatis.url, key, query, { variables, id: `number-${index}` })),
  );
  for (const follower of followers) {
    await eventually('an event', async () => {
      if (follower.told.length === 0) await happen();
      return follower.told.length > 0;
    });
  }
  return {
    followers,
    end: () => {
      for (const { socket } of followers) socket.terminate();
    },
  };
}

describe('subscribers to the same', () => {
  /** How often characters were asked for. */
  const reads = () => database.heard.filter(({ text }) => /FROM \S*\bcharacters\b/.test(text)).length;
  const document = (name: string) =>
    `subscription ${name}($id: ID!) { projectEvents(projectId: $id) { sequence character { name } } }`;

  it('share one execution and the bytes of one answer; each has its own id and cost', async () => {
    const keys = [...Array(10).fill(cast.owner.key), ...Array(10).fill(adminKey)];
    const { followers, end } = await gather(keys, document('Shared'), { id: cast.projectId });
    await eventually('quiet', async () => {
      const last = await newest();
      return followers.every((each) => sequences(each).at(-1) === last);
    });
    const counts = followers.map(({ told }) => told.length);
    const before = reads();
    await happen(10);
    for (const [index, each] of followers.entries())
      await eventually('ten events', () => each.told.length === (counts[index] ?? 0) + 10);
    // Ten executions for owners and ten for the admin, instead of two hundred.
    expect(reads() - before).toBeLessThanOrEqual(40);
    expect(reads() - before).toBeGreaterThan(0);
    const [first] = followers;
    for (const [index, each] of followers.entries()) {
      expect(each.texts.slice(-10).map(dataOf)).toEqual(first?.texts.slice(-10).map(dataOf));
      expect(each.texts.at(-1)).toContain(`"id":"number-${index}"`);
    }
    const owners = followers.slice(0, 10).map(({ costs }) => costs.at(-1));
    expect(new Set(owners.map((cost) => cost?.remaining)).size).toBe(10);
    expect(followers.at(-1)?.costs.at(-1)).toEqual({ requested: 2, remaining: 4_000, restoreRate: 4_000 });
    end();
  });

  it('do not share when their documents or variables differ', async () => {
    const one = `subscription ($id: ID!, $is: Boolean!) { projectEvents(projectId: $id) { sequence kind @include(if: $is) } }`;
    const [yes, no] = await Promise.all(
      [true, false].map((is) =>
        follow(dramatis.url, adminKey, one, { variables: { id: cast.projectId, is } }),
      ),
    );
    const other = await follow(
      dramatis.url,
      adminKey,
      `subscription { projectEvents(projectId: "${cast.projectId}") { at } }`,
    );
    await eventually('all', async () => {
      await happen();
      return [yes, no, other].every((each) => (each?.told.length ?? 0) > 1);
    });
    expect(yes?.told[0]?.projectEvents).toHaveProperty('kind');
    expect(no?.told[0]?.projectEvents).not.toHaveProperty('kind');
    expect(other.told[0]?.projectEvents).not.toHaveProperty('sequence');
    for (const each of [yes, no, other]) each?.socket.terminate();
  });

  it('do not share when a variable is left out here and null there', async () => {
    const query = `subscription ($id: ID!, $is: Boolean = true) { projectEvents(projectId: $id) { sequence kind @include(if: $is) } }`;
    const [nothing, out] = await Promise.all(
      [{ is: null }, {}].map((more) =>
        follow(dramatis.url, adminKey, query, { variables: { id: cast.projectId, ...more } }),
      ),
    );
    await eventually('both', async () => {
      await happen();
      return [nothing, out].every((each) => (each?.told.length ?? 0) + (each?.errors.length ?? 0) > 2);
    });
    expect(nothing?.errors.length).toBeGreaterThan(0);
    expect(out?.errors).toEqual([]);
    for (const { projectEvents } of out?.told ?? []) expect(projectEvents).toHaveProperty('kind');
    for (const each of [nothing, out]) each?.socket.terminate();
  });

  it('come late, leave early, come back with another `after`: each gets each step once', async () => {
    const query = `subscription ($id: ID!, $after: SafeInt) { projectEvents(projectId: $id, after: $after) { sequence } }`;
    const open: { follower: FollowerSocket<Numbered>; after: number }[] = [];
    const left: typeof open = [];
    // Replays cost points. Here each reader must have enough of them.
    const keys = [adminKey];
    for (let index = 0; index < 4; index += 1) {
      const key = await token(`reader-${index}`);
      await cast.join({ key }, `reader-${index}@example.test`, 'VIEWER');
      keys.push(key);
    }
    for (let round = 0; round < 60; round += 1) {
      const after = Math.floor(Math.random() * ((await newest()) + 1));
      const key = keys[round % keys.length] ?? adminKey;
      void happen(1 + Math.floor(Math.random() * 8));
      open.push({
        after,
        follower: await follow(dramatis.url, key, query, { variables: { id: cast.projectId, after } }),
      });
      if (round % 4 === 3) {
        const [one] = open.splice(Math.floor(Math.random() * open.length), 1);
        one?.follower.socket.send(JSON.stringify({ id: '1', type: 'complete' }));
        if (one) left.push(one);
      }
    }
    const last = await newest();
    await happen();
    for (const { follower, after } of open) {
      await eventually('the last', () => (sequences(follower).at(-1) ?? 0) > last);
      expect(sequences(follower).slice(0, last - after)).toEqual(gapless(after, last));
    }
    for (const { follower, after } of left)
      expect(sequences(follower)).toEqual(gapless(after, after + follower.told.length));
    for (const { follower } of [...open, ...left]) follower.socket.terminate();
  });

  it('of a run get it as it stands, then each change, and the end', async () => {
    await dramatis.addReference(characterId, 'FACE', '#c46');
    await dramatis.addReference(characterId, 'POSE', '#46c');
    const id = await dramatis.generate(characterId, 'at the sea');
    const query = 'subscription ($id: ID!) { generationUpdated(id: $id) { status } }';
    const followers = [];
    for (let index = 0; index < 12; index += 1)
      followers.push(await follow(dramatis.url, adminKey, query, { variables: { id } }));
    const all = ['QUEUED', 'SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING', 'COMPLETED'];
    for (const each of followers) {
      await eventually('the end', () => each.isComplete());
      const told: string[] = each.told.map(({ generationUpdated }) => generationUpdated.status);
      const from = all.indexOf(told[0] ?? '');
      expect(told).toEqual(all.slice(from).filter((status) => told.includes(status)));
      expect(told.at(-1)).toBe('COMPLETED');
      each.socket.terminate();
    }
  });
});

describe('what each may see', () => {
  const fields = `sequence kind
    budget { id cap } budgetAlert { id threshold }
    generation { id requestedBy { id name } requestedWith { id name } ledgerEntries { kind amount } }
    character { name project { viewerRole viewerCanGenerate viewerCanManageMembers viewerCanReadSpend members(first: 5) { totalCount } } }`;

  it('is the same live among others as it is alone, for every kind of viewer', async () => {
    const { owner, editor, viewer, projectId, join } = cast;
    const second = { key: await token('oscar') };
    await join(second, 'oscar@example.test', 'OWNER');
    const service = await apiKey(dramatis, owner, projectId);
    const weak = await apiKey(dramatis, owner, projectId, { role: 'VIEWER' });
    const personal = await apiKey(dramatis, editor, projectId, { kind: 'PERSONAL' });
    const keys = [owner, second, editor, viewer, service, weak, personal, { key: adminKey }].map(
      ({ key }) => key,
    );
    const after = await newest();
    const query = (name: string) =>
      `subscription ${name}($id: ID!, $after: SafeInt) { projectEvents(projectId: $id, after: $after) { ${fields} } }`;
    const { followers, end } = await gather(
      // Two of each: one is executed for, and the other shares it or does not.
      [...keys, ...keys],
      query('Together'),
      { id: projectId, after },
    );
    await mutate(
      dramatis,
      owner,
      'createBudget',
      { projectId, scope: 'PROJECT', period: 'TOTAL', cap: '100' },
      'budget { id }',
    );
    for (const who of [owner, editor, service, personal, { key: adminKey }])
      await dramatis.ask(
        `mutation { generate(input: { characterId: "${characterId}", model: { consistentCharacter: { prompt: "at the sea" } } }) { generation { id } userErrors { code } } }`,
        {},
        who,
      );
    await eventually('all runs to end', async () => {
      const rows = await dramatis.database.query(
        "SELECT 1 FROM generations WHERE project_id = $1 AND status NOT IN ('COMPLETED', 'FAILED', 'CANCELED')",
        [fromGlobalId('Project', projectId)],
      );
      return rows.length === 0;
    });
    const last = await newest();
    for (const each of followers) await eventually('the last', () => sequences(each).at(-1) === last);
    const alone: unknown[][] = [];
    for (const [index, key] of keys.entries()) {
      const follower = await follow(dramatis.url, key, query(`Alone${index}`), {
        variables: { id: projectId, after },
      });
      await eventually('the last', () => sequences(follower).at(-1) === last);
      alone.push(follower.told);
      follower.socket.terminate();
    }
    for (const [index, each] of followers.entries()) {
      expect(sequences(each)).toEqual(gapless(after, last));
      // What is told "as it is now" may have changed since; who may see it has not.
      expect(each.told.map(visible)).toEqual(alone[index % keys.length]?.map(visible));
    }
    // They do differ, and not only by role.
    const [ownerSaw, secondSaw, editorSaw, viewerSaw, serviceSaw] = alone.map((told) =>
      JSON.stringify(told.map(visible)),
    );
    expect(ownerSaw).toBe(secondSaw);
    expect(new Set([ownerSaw, editorSaw, viewerSaw, serviceSaw]).size).toBe(4);
    const personalTold = alone[6]?.map(visible).filter(({ requestedWith }) => requestedWith);
    expect(personalTold?.length).toBeGreaterThan(0);
    expect(followers[3]?.told.map(visible).every(({ budget, ledger }) => !budget && !ledger)).toBe(true);
    end();
  });

  interface Visible {
    budget: boolean;
    ledger: boolean;
    requestedBy: string | null;
    requestedWith: string | null;
    project: unknown;
  }
  /** The selection of an event that viewers with different rights see differently. */
  const seen = z.object({
    projectEvents: z.object({
      budget: z.unknown(),
      generation: z
        .object({
          ledgerEntries: z.unknown(),
          requestedBy: z.object({ name: z.string().nullable() }).nullish(),
          requestedWith: z.object({ id: z.string() }).nullish(),
        })
        .nullish(),
      character: z.object({ project: z.unknown() }).nullish(),
    }),
  });
  function visible(answer: unknown): Visible {
    const { projectEvents: event } = seen.parse(answer);
    return {
      budget: event.budget !== null,
      ledger: (event.generation?.ledgerEntries ?? null) !== null,
      requestedBy: event.generation?.requestedBy?.name ?? null,
      requestedWith: event.generation?.requestedWith?.id ?? null,
      project: event.character?.project ?? null,
    };
  }

  it('ends before the next event for followers whose key is revoked, and only for them', async () => {
    const revoked = await apiKey(dramatis, cast.owner, cast.projectId);
    const kept = await apiKey(dramatis, cast.owner, cast.projectId);
    const { followers, end } = await gather(
      [revoked.key, kept.key, revoked.key, kept.key],
      `subscription Revoked($id: ID!) { projectEvents(projectId: $id) { sequence } }`,
      { id: cast.projectId },
    );
    await mutate(dramatis, cast.owner, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }');
    const from = await newest();
    await happen(3);
    for (const each of [followers[1], followers[3]])
      await eventually('the others go on', () => each && sequences(each).at(-1) === from + 3);
    for (const each of [followers[0], followers[2]]) {
      expect(await each?.closed).toEqual({ code: 4403, reason: 'KEY_ENDED' });
      expect(each && sequences(each).every((sequence) => sequence <= from)).toBe(true);
    }
    end();
  });

  it('is by the role of now: a member who was made less sees less from the next event on', async () => {
    const { owner, editorMember, editor, projectId } = cast;
    const query = `subscription Lesser($id: ID!) { projectEvents(projectId: $id) { sequence character { project { viewerRole } } } }`;
    const { followers, end } = await gather([editor.key, editor.key], query, { id: projectId });
    const roleOf = (each: FollowerSocket) => each.told.at(-1)?.projectEvents.character?.project.viewerRole;
    for (const role of ['VIEWER', 'EDITOR']) {
      await mutate(dramatis, owner, 'changeMemberRole', { id: editorMember, role }, 'member { id }');
      await happen();
      const last = await newest();
      for (const each of followers) {
        await eventually('the last', () => sequences(each).at(-1) === last);
        expect(roleOf(each)).toBe(role);
      }
    }
    end();
  });
});

it('a subscriber without points gets its events later and loses none; the others get theirs at once', async () => {
  const key = await token('poor');
  await cast.join({ key }, 'poor@example.test', 'VIEWER');
  // It costs so much that the points are enough for about ten events.
  const query = `subscription Dear($id: ID!) { projectEvents(projectId: $id) { sequence character { generations(first: 20) { nodes { id images { image { id } } } } } } }`;
  const { followers, end } = await gather([adminKey, key, adminKey], query, { id: cast.projectId });
  const [rich, poor] = followers;
  if (!rich || !poor) throw new Error('No follower came.');
  const from = await newest();
  await eventually('quiet', () => sequences(rich).at(-1) === from);
  await happen(60);
  await eventually('all', () => sequences(rich).at(-1) === from + 60);
  const behind = sequences(poor).at(-1) ?? 0;
  expect(behind).toBeLessThan(from + 60);
  await eventually('the poor one', () => sequences(poor).at(-1) === from + 60, 60_000);
  expect(sequences(poor)).toEqual(gapless((sequences(poor)[0] ?? 0) - 1, from + 60));
  end();
}, 90_000);

it('a read that fails ends the stream with an error; who asks again is told all the same', async () => {
  const query = `subscription Failing($id: ID!, $after: SafeInt) { projectEvents(projectId: $id, after: $after) { sequence } }`;
  const { followers, end } = await gather([adminKey, cast.owner.key], query, { id: cast.projectId });
  const from = await newest();
  await dramatis.database.query('ALTER TABLE project_events RENAME TO gone');
  for (const each of followers) {
    await eventually('the end', () => each.errors.length > 0);
    expect(each.errors[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
  }
  await dramatis.database.query('ALTER TABLE gone RENAME TO project_events');
  await happen(2);
  const again = await gather([adminKey, cast.owner.key], query, { id: cast.projectId, after: from });
  for (const each of again.followers)
    await eventually('what was missed', () => sequences(each).length >= 2 && sequences(each)[0] === from + 1);
  end();
  again.end();
});
