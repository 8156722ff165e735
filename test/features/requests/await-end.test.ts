import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { delay } from '../../support/delay.ts';
import { Dramatis, eventually } from '../../support/dramatis.ts';
import { apiKey, mutate, team } from '../../support/people.ts';

/* One server that answers clients and one that works on runs, so that each end is heard of from another process' events. */
let dramatis: Dramatis;
let cast: Awaited<ReturnType<typeof team>>;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  await dramatis.startServer({ ROLE: 'worker' });
  cast = await team(dramatis);
  const input = { projectId: cast.projectId, name: 'Mara' };
  const { character } = await mutate(dramatis, cast.owner, 'createCharacter', input, 'character { id }');
  characterId = character.id;
  await dramatis.addReference(characterId, 'FACE', '#446688');
});
afterAll(() => dramatis.stop());

const text = `mutation ($input: GenerateInput!) {
  generate(input: $input) { generation { id status images { image { url } } } userErrors { code path message } }
}` as const;
const ask = (prompt: string, more: object = {}, target: { key?: string; url?: string } = cast.editor) =>
  dramatis.ask(text, { input: { characterId, model: { consistentCharacter: { prompt } }, ...more } }, target);

describe('a request that waits', () => {
  it('is answered with the pictures when the run has ended', async () => {
    const { data } = await ask('quick', { waitSeconds: 60 });
    expect(data.generate).toMatchObject({
      userErrors: [],
      generation: { status: 'COMPLETED', images: [{ image: {} }] },
    });
  });

  it('is answered with the run as it stands when the time is over, and again by the same key', async () => {
    const input = { idempotencyKey: 'twice' };
    const { data } = await ask('[[simulate:slow=8]]', { ...input, waitSeconds: 1 });
    expect(['QUEUED', 'SUBMITTING', 'SUBMITTED', 'PROCESSING']).toContain(data.generate.generation?.status);
    const again = await ask('[[simulate:slow=8]]', { ...input, waitSeconds: 60 });
    expect(again.data.generate.generation).toMatchObject({
      id: data.generate.generation?.id,
      status: 'COMPLETED',
    });
  }, 60_000);

  it.each([-1, 61])('of %d seconds is refused before anything is paid for', async (waitSeconds) => {
    const before = await dramatis.database.query('SELECT FROM generations');
    const { data } = await ask('never', { waitSeconds });
    expect(data.generate).toMatchObject({
      generation: null,
      userErrors: [{ path: ['input', 'waitSeconds'], message: expect.stringContaining('from 0 to 60') }],
    });
    expect(await dramatis.database.query('SELECT FROM generations')).toHaveLength(before.length);
  });

  it('holds no connection, and shares its reads with the others of its project', async () => {
    const waiting = Array.from({ length: 100 }, (_, index) =>
      ask('[[simulate:slow=6]]', { waitSeconds: 60, idempotencyKey: `many ${index % 50}` }),
    );
    await eventually('all to be asked for', async () => {
      const rows = await dramatis.database.query(
        "SELECT FROM generations WHERE idempotency_key LIKE 'many %'",
      );
      return rows.length === 50;
    });
    for (let others = 0; others < 50; others += 1)
      await dramatis.get('{ projects(first: 1) { totalCount } }');
    const answers = await Promise.all(waiting);
    expect(answers.map(({ data }) => data.generate.generation?.status)).toEqual(Array(100).fill('COMPLETED'));
  }, 60_000);

  it('cancels nothing when its client goes', async () => {
    const going = new AbortController();
    const input = {
      characterId,
      model: { consistentCharacter: { prompt: 'gone' } },
      waitSeconds: 60,
      batch: 'gone',
    };
    const sent = fetch(`${dramatis.url}/graphql`, {
      method: 'POST',
      signal: going.signal,
      headers: { authorization: `Bearer ${cast.editor.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: text, variables: { input } }),
    }).catch(() => null);
    const status = async () =>
      (await dramatis.database.query("SELECT status FROM generations WHERE batch = 'gone'"))[0]?.status;
    await eventually('the run', async () => (await status()) !== undefined);
    going.abort();
    expect(await sent).toBeNull();
    await eventually('the end', async () => (await status()) === 'COMPLETED');
  });

  it('tells a key nothing that was revoked meanwhile', async () => {
    const { id, ...key } = await apiKey(dramatis, cast.owner, cast.projectId);
    const asked = ask('[[simulate:slow=10]] revoked', { waitSeconds: 60, batch: 'revoked' }, key);
    await eventually(
      'the run',
      async () =>
        (await dramatis.database.query("SELECT FROM generations WHERE batch = 'revoked'")).length === 1,
    );
    await mutate(dramatis, cast.owner, 'revokeApiKey', { id }, 'apiKey { id }');
    expect((await asked).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  it('is answered when the server stops', async () => {
    const server = await dramatis.startServer({ ROLE: 'api' });
    const asked = ask(
      '[[simulate:slow=300]]',
      { waitSeconds: 60, batch: 'stopped' },
      {
        ...cast.editor,
        url: server.url ?? '',
      },
    );
    await eventually(
      'the run',
      async () =>
        (await dramatis.database.query("SELECT FROM generations WHERE batch = 'stopped'")).length === 1,
    );
    // It is in the room by then, or will find the server stopping.
    await delay(50);
    await server.stop();
    expect((await asked).data.generate.generation?.status).not.toBe('COMPLETED');
  }, 30_000);
});
