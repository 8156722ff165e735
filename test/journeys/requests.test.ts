import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually, generateMutation } from '../support/dramatis.ts';

let dramatis: Dramatis;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start();
  ({ characterId } = await dramatis.cast());
});
afterAll(() => dramatis.stop());

describe('the idempotency key', () => {
  const input = (prompt: string, idempotencyKey: string) => ({
    input: { characterId, idempotencyKey, model: { consistentCharacter: { prompt } } },
  });

  it('50 times in parallel over two servers: one run, 50 equal answers', async () => {
    const second = await dramatis.startServer();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        dramatis.get(generateMutation, input('once', 'the-key'), {
          url: index % 2 ? (second.url ?? '') : dramatis.url,
        }),
      ),
    );
    expect(new Set(answers.map(({ generate }) => generate.generation.id)).size).toBe(1);
    await dramatis.settle(answers[0]?.generate.generation.id ?? '');
    expect(dramatis.simulator.bill).toHaveLength(1);
    expect(
      await dramatis.database.query("SELECT 1 FROM generations WHERE idempotency_key = 'the-key'"),
    ).toHaveLength(1);
    await second.stop();
  });

  it.each([' the-key', 'the-key\n', 'the\0-key', 'the-key\ud800', 'the-key\ufffd', '\u202ethe-key'])(
    'that is not well-formed is no other key, but refused: %j',
    async (key) => {
      const { generate } = await dramatis.get(generateMutation, input('thrice', key));
      expect(generate).toMatchObject({
        generation: null,
        userErrors: [{ code: 'INVALID_INPUT', path: ['input', 'idempotencyKey'] }],
      });
    },
  );

  it('within a document is not read from another document that has the same UTF-8', async () => {
    const literal = (key: string) =>
      `mutation { generate(input: { characterId: "${characterId}", idempotencyKey: "${key}", model: { consistentCharacter: { prompt: "x" } } }) { userErrors { code } } }`;
    await dramatis.ask(literal('the-key-\ufffd'));
    const { status, data, errors } = await dramatis.ask(literal('the-key-\ud800'));
    expect([status, data, errors?.map(({ extensions }) => extensions.code)]).toEqual([
      400,
      undefined,
      ['BAD_REQUEST'],
    ]);
  });

  it('with other arguments: refused, nothing bought', async () => {
    const first = await dramatis.get(generateMutation, input('first', 'reused-key'));
    await dramatis.settle(first.generate.generation.id);
    const { generate } = await dramatis.get(generateMutation, input('twice', 'reused-key'));
    expect(generate).toMatchObject({
      generation: null,
      userErrors: [{ code: 'IDEMPOTENCY_KEY_REUSED', path: ['input', 'idempotencyKey'] }],
    });
    expect(await dramatis.database.query("SELECT 1 FROM generations WHERE prompt = 'twice'")).toEqual([]);
  });
});

describe('canceling', () => {
  const cancel =
    'mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { status cost cancelRequestedAt } userErrors { code } } }';

  const isTaken = async (id: string) => {
    const { generation } = await dramatis.get(
      'query ($id: ID!) { generation(id: $id) { providerRequestId } }',
      { id },
    );
    return generation.providerRequestId !== null;
  };
  /** A character whose project may have no run under way. */
  const waiting = async () => {
    const { projectId, characterId: theirs } = await dramatis.cast();
    const { updateProjectLimits } = await dramatis.get(
      'mutation ($input: UpdateProjectLimitsInput!) { updateProjectLimits(input: $input) { userErrors { code } } }',
      { input: { id: projectId, maxConcurrentGenerations: 0 } },
    );
    expect(updateProjectLimits.userErrors).toEqual([]);
    return theirs;
  };

  it('races the submit: void and free, or collected and paid for; never both', async () => {
    const before = dramatis.simulator.bill.length;
    const held = await waiting();
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const id = await dramatis.generate(index === 59 ? held : characterId, `race ${index}`);
        await delay((index % 12) * 100);
        // How the others end depends on the machine. The first is certainly late, and the last is not.
        if (index === 0) await eventually('its submit', () => isTaken(id));
        const { cancelGeneration } = await dramatis.get(cancel, { id });
        return { asked: cancelGeneration, last: await dramatis.settle(id) };
      }),
    );
    let paid = 0;
    for (const { asked, last } of outcomes) {
      if (last.status === 'CANCELED') {
        expect(asked).toMatchObject({
          generation: { cancelRequestedAt: expect.any(String) },
          userErrors: [],
        });
        expect(last).toMatchObject({ cost: '0.000000', images: [], providerRequestId: null });
      } else {
        paid += 1;
        expect(last).toMatchObject({ status: 'COMPLETED', cost: '0.085000' });
        // Asked for on the way, or after the end.
        if (last.cancelRequestedAt === null)
          expect(asked).toEqual({ generation: null, userErrors: [{ code: 'NOT_CANCELABLE' }] });
        else expect(asked.generation.cancelRequestedAt).toBe(last.cancelRequestedAt);
      }
    }
    expect(dramatis.simulator.bill.length - before).toBe(paid);
    expect([outcomes[0]?.last.status, outcomes[59]?.last.status]).toEqual(['COMPLETED', 'CANCELED']);
  });

  it('a run that has ended is refused', async () => {
    const id = await dramatis.generate(characterId);
    await dramatis.settle(id);
    expect((await dramatis.get(cancel, { id })).cancelGeneration).toMatchObject({
      generation: null,
      userErrors: [{ code: 'NOT_CANCELABLE' }],
    });
  });
});

describe('subscriptions', () => {
  it('after the end: the end, once', async () => {
    const id = await dramatis.generate(characterId);
    await dramatis.settle(id);
    expect((await dramatis.follow(id)).map(({ status }) => status)).toEqual(['COMPLETED']);
  });

  it('projectEvents replays, then goes live, without a gap, also from another server', async () => {
    const { projectId, characterId: other } = await dramatis.cast();
    const second = await dramatis.startServer();
    const client = dramatis.connect({ url: second.url ?? '' });
    const seen: { sequence: number; kind: string; status?: string }[] = [];
    const subscription = (async () => {
      for await (const { data, errors } of client.iterate<{
        projectEvents: { sequence: number; kind: string; generation: { status: string } | null };
      }>({
        query:
          'subscription ($id: ID!) { projectEvents(projectId: $id, after: 0) { sequence kind generation { status } } }',
        variables: { id: projectId },
      })) {
        if (errors) throw new Error(JSON.stringify(errors));
        if (data) seen.push({ ...data.projectEvents, status: data.projectEvents.generation?.status });
        if (seen.filter(({ status }) => status === 'COMPLETED').length === 5) return;
      }
    })();
    await eventually('the replay', () => seen.length >= 3);
    await Promise.all([1, 2, 3, 4, 5].map(() => dramatis.generate(other)));
    await subscription;
    expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, index) => index + 1));
    expect(seen[0]?.kind).toBe('CHARACTER_CREATED');
    await client.dispose();
    await second.stop();
  });

  it('a wrong key closes the socket with 4403, a strange id is NOT_FOUND', async () => {
    const stranger = dramatis.connect({ key: 'wrong_key_wrong_key' });
    const failure = (async () => {
      for await (const _ of stranger.iterate({
        query: 'subscription { generationUpdated(id: "x") { id } }',
      }));
    })();
    await expect(failure).rejects.toMatchObject({ code: 4403 });
    const client = dramatis.connect();
    const answers: unknown[] = [];
    for await (const answer of client.iterate({
      query: 'subscription { generationUpdated(id: "x") { id } }',
    })) {
      answers.push(answer);
    }
    expect(answers).toMatchObject([
      { errors: [{ message: 'No Generation with this id.', extensions: { code: 'NOT_FOUND' } }] },
    ]);
  });
});
