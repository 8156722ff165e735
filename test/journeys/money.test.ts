import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseGlobalId, toGlobalId } from '../../src/platform/reads/global-id.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { insertRun } from '../support/ended-runs.ts';
import { apiKey, mutate, type Person, team } from '../support/people.ts';

/*
 * What is asked before a run, held during it, and booked after it.
 */
let dramatis: Dramatis;
let projectId: string;
let characterId: string;
let owner: Person;
let editor: Person;

beforeAll(async () => {
  dramatis = await Dramatis.start();
  const people = await team(dramatis);
  ({ projectId, owner, editor } = people);
  const made = await mutate(
    dramatis,
    editor,
    'createCharacter',
    { projectId, name: 'Mara' },
    'character { id }',
  );
  characterId = made.character.id;
  await dramatis.addReference(characterId, 'FACE', '#c46');
  await dramatis.addReference(characterId, 'POSE', '#46c');
});
afterAll(() => dramatis.stop());

const v3 = (prompt: string, more: object = {}) => ({ consistentCharacterAiNeolemonV3: { prompt, ...more } });
const run =
  'id status hold cost costSource batch retryOf { id } retriedAs { id } ledgerEntries { kind debit credit amount source }';

const generate = async (input: object, who: Person = editor) =>
  mutate(
    dramatis,
    who,
    'generate',
    { characterId, ...input },
    `generation { ${run} failure { code message } }`,
  );

async function quote(input: object, who: Person = editor) {
  const document = `query ($input: GenerateInput!) { quoteGeneration(input: $input) {
    quote { id expiresAt outputCount price { minimum expected maximum source samples } hold needsApproval
      duration { minimumSeconds expectedSeconds maximumSeconds source samples }
      budgets { fits available required budget { id scope } } alreadyOwned { id } }
    userErrors { code path } } }`;
  const { data, errors } = await dramatis.ask(document, { input: { characterId, ...input } }, who);
  if (errors) throw new Error(errors.map(({ extensions }) => extensions.code).join(' '));
  return data.quoteGeneration;
}

const find = async (id: string) => {
  const { data } = await dramatis.ask(
    `query ($id: ID!) { generation(id: $id) { ${run} failure { code message } } }`,
    { id },
  );
  return data.generation;
};
const ended = (id: string, ...statuses: string[]) =>
  eventually(`the end of ${id}`, async () => {
    const generation = await find(id);
    return statuses.includes(generation.status) ? generation : null;
  });

const rowId = (globalId: string) => parseGlobalId(globalId)?.id ?? '';

/** Everything that must add up, at any moment. */
async function books(): Promise<unknown> {
  const [row] = await dramatis.database.query(`
    SELECT (SELECT count(*) FROM budget_windows WHERE settled_micros + held_micros > cap_micros + overrun_micros)::int AS over,
      (SELECT count(*) FROM projects p WHERE active_generations <>
        (SELECT count(*) FROM generations g WHERE g.project_id = p.id AND g.holds_slot))::int AS slots,
      (SELECT count(*) FROM generations g WHERE is_final(status) AND cost_micros IS NOT NULL AND cost_micros <>
        (SELECT coalesce(sum(CASE 'SPENT'::"LedgerAccount" WHEN debit THEN amount_micros WHEN credit THEN -amount_micros ELSE 0 END), 0)
          FROM ledger_entries e WHERE e.generation_id = g.id))::int AS runs,
      (SELECT coalesce(sum(amount_micros), 0) FROM spend_rollups WHERE slice = 'ALL')::bigint -
      (SELECT coalesce(sum(cost_micros), 0) FROM generations WHERE is_final(status))::bigint AS rollups`);
  return row;
}
const balanced = { over: 0, slots: 0, runs: 0, rollups: '0' };

describe('a run and the ledger', () => {
  it('a failed, a blocked and a canceled run hold money, and visibly cost none', async () => {
    for (const [prompt, failure] of [
      ['[[simulate:failed]] a', 'PROVIDER_FAILED'],
      ['[[simulate:blocked]] b', 'CONTENT_BLOCKED'],
      ['[[simulate:400]] c', 'PROVIDER_REJECTED'],
    ]) {
      const { generation } = await generate({ model: v3(prompt ?? '') });
      const last = await ended(generation.id, 'FAILED', 'COMPLETED');
      expect(last).toMatchObject({
        status: 'FAILED',
        cost: '0.000000',
        costSource: 'NOT_CHARGED',
        failure: { code: failure },
        ledgerEntries: [
          { kind: 'HOLD', debit: 'HELD', credit: 'AVAILABLE', amount: '0.580000', source: 'UPPER_BOUND' },
          { kind: 'RELEASE', debit: 'AVAILABLE', credit: 'HELD', amount: '0.580000', source: 'NOT_CHARGED' },
        ],
      });
    }
  });

  it('holds the upper bound, charges what it cost, and releases the rest', async () => {
    const { generation } = await generate({
      model: { consistentCharacter: { prompt: 'four', numberOfOutputs: 2, numberOfImagesPerPose: 2 } },
    });
    expect(generation.hold).toBe('0.680000');
    expect((await ended(generation.id, 'COMPLETED')).ledgerEntries).toEqual([
      { kind: 'HOLD', debit: 'HELD', credit: 'AVAILABLE', amount: '0.680000', source: 'UPPER_BOUND' },
      { kind: 'CHARGE', debit: 'SPENT', credit: 'HELD', amount: '0.340000', source: 'PROVIDER' },
      { kind: 'RELEASE', debit: 'AVAILABLE', credit: 'HELD', amount: '0.340000', source: 'PROVIDER' },
    ]);
    expect(await books()).toEqual(balanced);
  });

  it('holds for eighty pictures what eighty may cost', async () => {
    const model = { consistentCharacter: { prompt: 'all', numberOfOutputs: 20, numberOfImagesPerPose: 4 } };
    expect((await quote({ model })).quote).toMatchObject({ outputCount: 80, hold: '13.600000' });
  });

  it('a result that the provider has forgotten was paid for, and is not asked for again', async () => {
    const bill = dramatis.simulator.bill.length;
    const { generation } = await generate({ model: v3('[[simulate:lost]] gone') });
    const last = await ended(generation.id, 'FAILED');
    expect(last).toMatchObject({
      cost: '0.580000',
      costSource: 'PRICE_LIST',
      failure: { code: 'RESULT_EXPIRED' },
      ledgerEntries: [{ kind: 'HOLD' }, { kind: 'CHARGE', amount: '0.580000', source: 'PRICE_LIST' }],
    });
    expect(dramatis.simulator.bill.length - bill).toBe(1);
  });

  it('cannot be written over, taken back or emptied', async () => {
    for (const statement of [
      'UPDATE ledger_entries SET amount_micros = 1',
      'DELETE FROM ledger_entries',
      'TRUNCATE ledger_entries',
    ])
      await expect(dramatis.database.query(statement)).rejects.toThrow(/only grows/);
    await expect(
      dramatis.database.query("UPDATE generations SET hold_micros = 1 WHERE status = 'COMPLETED'"),
    ).rejects.toThrow(/does not change/);
    await expect(
      dramatis.database.query("UPDATE generations SET cost_micros = NULL WHERE status = 'COMPLETED'"),
    ).rejects.toThrow(/stays settled/);
  });
});

describe('quotes', () => {
  it('tell price, time, budgets and what is owned, and write nothing', async () => {
    const before = await dramatis.database.query('SELECT count(*) FROM generations');
    const { quote: quoted } = await quote({ model: v3('never seen') });
    expect(quoted).toMatchObject({
      outputCount: 1,
      price: { minimum: '0.580000', expected: '0.580000', maximum: '0.580000', source: 'PRICE_LIST' },
      duration: { expectedSeconds: 36.74 },
      hold: '0.580000',
      needsApproval: false,
      budgets: [],
      alreadyOwned: [],
    });
    expect(Date.parse(quoted.expiresAt)).toBeGreaterThan(Date.now());
    expect(await dramatis.database.query('SELECT count(*) FROM generations')).toEqual(before);
  });

  it('are refused for other inputs, for another project, when they are none, and when they have expired', async () => {
    const { quote: quoted } = await quote({ model: v3('quoted', { seed: 7 }) });
    const refused = async (input: object) => (await generate(input)).userErrors[0]?.code;
    expect(await refused({ model: v3('other', { seed: 7 }), quoteId: quoted.id })).toBe('QUOTE_DIFFERS');
    expect(await refused({ model: v3('quoted', { seed: 8 }), quoteId: quoted.id })).toBe('QUOTE_DIFFERS');
    expect(await refused({ model: v3('quoted', { seed: 7 }), quoteId: `${quoted.id}x` })).toBe(
      'QUOTE_INVALID',
    );
    expect(await refused({ model: v3('quoted', { seed: 7 }), quoteId: 'x' })).toBe('QUOTE_INVALID');
    const elsewhere = await dramatis.cast();
    const { generate: foreign } = await dramatis.get(
      'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } userErrors { code } } }',
      { input: { characterId: elsewhere.characterId, model: v3('quoted', { seed: 7 }), quoteId: quoted.id } },
    );
    expect(foreign).toEqual({ generation: null, userErrors: [{ code: 'QUOTE_INVALID' }] });
    const hasty = await dramatis.startServer({ QUOTE_LIFETIME_MS: '1000' });
    const document = 'query ($input: GenerateInput!) { quoteGeneration(input: $input) { quote { id } } }';
    const input = { characterId, model: v3('quoted', { seed: 7 }) };
    const { quoteGeneration } = await dramatis.get(document, { input }, { url: hasty.url ?? '' });
    await eventually('the quote to expire', async () => {
      const code = await refused({ model: v3('quoted', { seed: 7 }), quoteId: quoteGeneration.quote.id });
      return code === 'QUOTE_EXPIRED';
    });
    await hasty.stop();
  });

  it('take no batch that `generate` would not take', async () => {
    const { quote: none, userErrors } = await quote({ model: v3('x'), batch: 'b'.repeat(201) });
    expect([none, userErrors]).toMatchObject([null, [{ path: ['input', 'batch'] }]]);
  });

  it('bind: what was quoted is held, whatever the price book has learned since', async () => {
    const model = { consistentCharacterWithPose: { prompt: 'bound', seed: 3 } };
    const { quote: quoted } = await quote({ model });
    expect(quoted).toMatchObject({ hold: '0.058000', price: { source: 'PRICE_LIST' } });
    const shape = await priceShapeOf({ model });
    for (let sample = 0; sample < 6; sample += 1) {
      await dramatis.database.query(
        "INSERT INTO price_observations (model, shape, outputs, cost_micros, seconds, source) VALUES ('consistent-character-with-pose', $1, 1, $2, $3, 'PROVIDER')",
        [shape, 90_000 + sample * 1_000, 30 + sample],
      );
    }
    const { quote: wiser } = await quote({ model });
    expect(wiser).toMatchObject({
      price: {
        minimum: '0.029000',
        expected: '0.092000',
        maximum: '0.118750',
        source: 'OBSERVED',
        samples: 7,
      },
      hold: '0.118750',
    });
    expect((await generate({ model, quoteId: quoted.id })).generation.hold).toBe('0.058000');
    expect((await generate({ model })).generation.hold).toBe('0.118750');
  });

  it('know what is owned, and `reuse` answers it instead of buying it again', async () => {
    const model = v3('once in a lifetime', { seed: 11 });
    const first = await generate({ model });
    await ended(first.generation.id, 'COMPLETED');
    const bill = dramatis.simulator.bill.length;
    expect((await quote({ model })).quote.alreadyOwned).toEqual([{ id: first.generation.id }]);
    // A parameter at its default is no difference; another seed is; no seed takes any.
    const spelled = v3('once in a lifetime', { seed: 11, guidanceScale: 3, width: 1024 });
    expect((await generate({ model: spelled, reuse: true })).generation.id).toBe(first.generation.id);
    expect((await generate({ model: v3('once in a lifetime'), reuse: true })).generation.id).toBe(
      first.generation.id,
    );
    expect((await quote({ model: v3('once in a lifetime', { seed: 12 }) })).quote.alreadyOwned).toEqual([]);
    expect(dramatis.simulator.bill.length).toBe(bill);
    const bought = await generate({ model });
    expect(bought.generation.id).not.toBe(first.generation.id);
    await ended(bought.generation.id, 'COMPLETED');
  });

  it('`reuse` keeps its idempotency key, also when what it answered is no longer there to be reused', async () => {
    const model = v3('kept under a key', { seed: 21 });
    const owned = await generate({ model });
    await ended(owned.generation.id, 'COMPLETED');
    const keyed = { model, reuse: true, idempotencyKey: 'a key' };
    expect((await generate(keyed)).generation.id).toBe(owned.generation.id);
    const { data } = await dramatis.ask('query ($id: ID!) { generation(id: $id) { images { id } } }', {
      id: owned.generation.id,
    });
    await mutate(
      dramatis,
      editor,
      'rateImage',
      { id: data.generation.images[0].id, verdict: 'DISCARDED' },
      'generatedImage { id }',
    );
    expect((await quote({ model })).quote.alreadyOwned).toEqual([]);
    expect((await generate(keyed)).generation.id).toBe(owned.generation.id);
    const other = await generate({ model: v3('something else'), idempotencyKey: 'a key' });
    expect(other.userErrors).toMatchObject([{ code: 'IDEMPOTENCY_KEY_REUSED' }]);
  });

  it('`reuse` twenty times at once buys once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => generate({ model: v3('all at once'), reuse: true })),
    );
    expect(new Set(answers.map(({ generation }) => generation.id)).size).toBe(1);
  });
});

/** How the price book groups runs like this one. */
async function priceShapeOf(input: object): Promise<string> {
  const { generation } = await generate(input);
  await ended(generation.id, 'COMPLETED');
  const [row] = await dramatis.database.query(
    'SELECT price_shape FROM generations ORDER BY requested_at DESC LIMIT 1',
  );
  return String(row?.price_shape);
}

describe('budgets', () => {
  it('a run that does not fit is refused whole, with the budgets that have no room', async () => {
    const key = await apiKey(dramatis, owner, projectId);
    const budget = { projectId, scope: 'API_KEY', apiKeyId: key.id, period: 'DAY', cap: '1.00' };
    await mutate(dramatis, owner, 'createBudget', budget, 'budget { id }');
    const slow = { model: v3('[[simulate:slow=8]] fits') };
    const quoted = await quote(slow, key);
    expect(quoted.quote.budgets).toMatchObject([{ fits: true, available: '1.000000', required: '0.580000' }]);
    const { generation } = await generate(slow, key);
    const before = await dramatis.database.query('SELECT count(*) FROM generations');
    const refused = await generate({ model: v3('does not fit') }, key);
    expect(refused).toMatchObject({
      generation: null,
      userErrors: [{ code: 'BUDGET_EXCEEDED', path: null }],
    });
    expect(refused.userErrors[0].message).toMatch(
      /0\.580000 is needed; the API key's budget for today has 0\.420000/,
    );
    expect(await dramatis.database.query('SELECT count(*) FROM generations')).toEqual(before);
    // Others do not suffer, and money that comes back can be spent again.
    expect((await generate({ model: v3('of another member') })).generation.status).toBe('QUEUED');
    await mutate(dramatis, key, 'cancelGeneration', { id: generation.id }, 'generation { status }');
    const last = await ended(generation.id, 'CANCELED', 'COMPLETED');
    if (last.status === 'CANCELED')
      expect((await generate({ model: v3('fits now') }, key)).generation).not.toBeNull();
    expect(await books()).toEqual(balanced);
  });
});

describe('approval', () => {
  let events: Awaited<ReturnType<typeof follow>>;
  beforeAll(async () => {
    events = await follow();
    await mutate(
      dramatis,
      owner,
      'updateProjectLimits',
      { id: projectId, approvalPerRun: '0.50', approvalPerBatch: '0.20' },
      'project { id }',
    );
  });
  afterAll(async () => {
    await mutate(
      dramatis,
      owner,
      'updateProjectLimits',
      { id: projectId, approvalPerRun: null, approvalPerBatch: null },
      'project { id }',
    );
    events.stop();
    expect(events.problems).toEqual([]);
  });

  async function follow() {
    const seen: { kind: string; generation: { id: string; status: string } | null }[] = [];
    const problems: unknown[] = [];
    const client = dramatis.connect(owner);
    const stop = client.subscribe<{ projectEvents: (typeof seen)[number] }>(
      {
        query: 'subscription ($id: ID!) { projectEvents(projectId: $id) { kind generation { id status } } }',
        variables: { id: projectId },
      },
      {
        next: ({ data, errors }) => (data ? seen.push(data.projectEvents) : problems.push(errors)),
        error: (error) => problems.push(error),
        complete: () => undefined,
      },
    );
    return { seen, problems, stop };
  }

  it('a dear run waits, with its money held, until an owner lets it pass', async () => {
    expect((await quote({ model: v3('dear') })).quote.needsApproval).toBe(true);
    const { generation } = await generate({ model: v3('dear') });
    expect(generation).toMatchObject({ status: 'AWAITING_APPROVAL', ledgerEntries: [{ kind: 'HOLD' }] });
    await expect(
      mutate(dramatis, editor, 'approveGeneration', { id: generation.id }, 'generation { id }'),
    ).rejects.toThrow('FORBIDDEN');
    const key = await apiKey(dramatis, owner, projectId, { role: 'OWNER' });
    await expect(
      mutate(dramatis, key, 'approveGeneration', { id: generation.id }, 'generation { id }'),
    ).rejects.toThrow('FORBIDDEN');
    const twice = await Promise.all(
      [1, 2].map(() =>
        mutate(dramatis, owner, 'approveGeneration', { id: generation.id }, 'generation { status }'),
      ),
    );
    expect(twice.flatMap(({ userErrors }) => userErrors)).toMatchObject([{ code: 'NOT_AWAITING_APPROVAL' }]);
    await ended(generation.id, 'COMPLETED');
    const told = () =>
      events.seen
        .filter((event) => event.generation?.id === generation.id)
        .map((event) => [event.kind, event.generation?.status]);
    await eventually('the events of the stream', () => told().length > 3);
    expect(told().slice(0, 3)).toEqual([
      ['GENERATION_REQUESTED', 'AWAITING_APPROVAL'],
      ['GENERATION_APPROVED', 'QUEUED'],
      ['GENERATION_CHANGED', 'SUBMITTING'],
    ]);
  });

  it('turned down, or called off, it costs nothing', async () => {
    const [first, second] = [
      await generate({ model: v3('no') }),
      await generate({ model: v3('never mind') }),
    ];
    const rejected = await mutate(
      dramatis,
      owner,
      'rejectGeneration',
      { id: first.generation.id, reason: 'Too dear.' },
      `generation { ${run} failure { code message } }`,
    );
    expect(rejected.generation).toMatchObject({
      status: 'CANCELED',
      cost: '0.000000',
      failure: {
        code: 'APPROVAL_REJECTED',
        message: 'An owner rejected the run; nothing was paid. Too dear.',
      },
      ledgerEntries: [{ kind: 'HOLD' }, { kind: 'RELEASE' }],
    });
    const canceled = await mutate(
      dramatis,
      editor,
      'cancelGeneration',
      { id: second.generation.id },
      'generation { status cost }',
    );
    expect(canceled.generation).toEqual({ status: 'CANCELED', cost: '0.000000' });
    expect(await books()).toEqual(balanced);
  });

  it('of a batch the runs wait that lead above its amount, also when they come at once', async () => {
    const cheap = { model: { consistentCharacterWithPose: { prompt: 'one of many' } }, batch: 'chapter 3' };
    const { hold } = (await quote(cheap)).quote;
    const fit = Math.floor(0.2 / Number(hold));
    const answers = await Promise.all(Array.from({ length: fit + 4 }, () => generate(cheap)));
    const waiting = answers.filter(({ generation }) => generation.status === 'AWAITING_APPROVAL');
    // What ends meanwhile has cost less than was held, so one more may pass; never fewer than fit.
    expect(waiting.length).toBeLessThanOrEqual(4);
    expect(waiting.length).toBeGreaterThan(0);
    for (const { generation } of waiting)
      await mutate(dramatis, owner, 'rejectGeneration', { id: generation.id }, 'generation { id }');
  });
});

describe('what has failed', () => {
  it('is asked for once more by however many at once: one new run', async () => {
    const { generation } = await generate({ model: v3('[[simulate:failed]] again') });
    await ended(generation.id, 'FAILED');
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        mutate(
          dramatis,
          editor,
          'retryGeneration',
          { id: generation.id },
          'generation { id retryOf { id } }',
        ),
      ),
    );
    expect(new Set(answers.map((answer) => answer.generation.id)).size).toBe(1);
    expect(answers[0]?.generation.retryOf.id).toBe(generation.id);
    expect((await find(generation.id)).retriedAs.id).toBe(answers[0]?.generation.id);
    const [row] = await dramatis.database.query(
      "SELECT count(DISTINCT seed)::int AS seeds, count(*)::int AS runs FROM generations WHERE prompt = '[[simulate:failed]] again'",
    );
    expect(row).toEqual({ seeds: 1, runs: 2 });
  });

  it('or was canceled, though that repeats a failed one', async () => {
    const { generation } = await generate({ model: v3('[[simulate:failed]] [[simulate:slow=9]] chain') });
    await ended(generation.id, 'FAILED');
    await mutate(
      dramatis,
      owner,
      'updateProjectLimits',
      { id: projectId, maxConcurrentGenerations: 0 },
      'project { id }',
    );
    const again = (id: string) => mutate(dramatis, editor, 'retryGeneration', { id }, 'generation { id } ');
    const child = await again(generation.id);
    await mutate(dramatis, editor, 'cancelGeneration', { id: child.generation.id }, 'generation { id }');
    const grandchild = await again(child.generation.id);
    expect(grandchild.generation.id).not.toBe(child.generation.id);
    await mutate(dramatis, editor, 'cancelGeneration', { id: grandchild.generation.id }, 'generation { id }');
    await mutate(
      dramatis,
      owner,
      'updateProjectLimits',
      { id: projectId, maxConcurrentGenerations: 20 },
      'project { id }',
    );
  });

  it('and only that', async () => {
    const { generation } = await generate({ model: v3('fine') });
    await ended(generation.id, 'COMPLETED');
    const { userErrors } = await mutate(
      dramatis,
      editor,
      'retryGeneration',
      { id: generation.id },
      'generation { id }',
    );
    expect(userErrors).toMatchObject([{ code: 'NOT_RETRYABLE' }]);
  });
});

describe('what is uncertain', () => {
  const resolve = (id: string, more: object, who = owner) =>
    mutate(
      dramatis,
      who,
      'resolveUncertainGeneration',
      { id, ...more },
      `generation { ${run} failure { code } }`,
    );
  const uncertain = async (prompt: string) => {
    const { generation } = await generate({ model: v3(`[[simulate:accept-then-504]] ${prompt}`) });
    return ended(generation.id, 'UNCERTAIN');
  };

  it('keeps its hold until a person says what happened; once', async () => {
    const { id, ledgerEntries, cost } = await uncertain('charged');
    expect([cost, ledgerEntries.map(({ kind }) => kind)]).toEqual([null, ['HOLD']]);
    await expect(resolve(id, { outcome: 'CHARGED' }, editor)).rejects.toThrow('FORBIDDEN');
    expect((await resolve(id, { outcome: 'CHARGED', amount: '-0.10' })).userErrors).toMatchObject([
      { path: ['input', 'amount'] },
    ]);
    expect((await resolve(id, { outcome: 'NOT_CHARGED', amount: '0.10' })).userErrors).toMatchObject([
      { path: ['input', 'amount'] },
    ]);
    const answers = await Promise.all([
      resolve(id, { outcome: 'CHARGED' }),
      resolve(id, { outcome: 'NOT_CHARGED' }),
    ]);
    expect(answers.flatMap(({ userErrors }) => userErrors)).toMatchObject([{ code: 'NOT_UNCERTAIN' }]);
    const last = await find(id);
    expect(last.status).toBe('FAILED');
    expect(last.cost).toBe(last.costSource === 'PERSON' ? '0.580000' : '0.000000');
    expect(await books()).toEqual(balanced);
  });

  it('more than was held is booked as it is, and less gives the rest back', async () => {
    const dearer = await resolve((await uncertain('dearer')).id, { outcome: 'CHARGED', amount: '0.70' });
    expect(dearer.generation.ledgerEntries).toMatchObject([
      { kind: 'HOLD', amount: '0.580000' },
      { kind: 'CHARGE', amount: '0.580000' },
      { kind: 'ADJUST', debit: 'SPENT', credit: 'AVAILABLE', amount: '0.120000' },
    ]);
    const cheaper = await resolve((await uncertain('cheaper')).id, {
      outcome: 'CHARGED',
      amount: '0.000001',
    });
    expect(cheaper.generation.ledgerEntries).toMatchObject([
      { kind: 'HOLD' },
      { kind: 'CHARGE', amount: '0.000001' },
      { kind: 'RELEASE', amount: '0.579999' },
    ]);
    expect(await books()).toEqual(balanced);
  });

  it('an amount far beyond what it may cost is booked at the second word alone', async () => {
    const { id } = await uncertain('a slip of the hand');
    for (const amount of ['999999999', '580000', '5.800001', '58']) {
      const { generation, userErrors } = await resolve(id, { outcome: 'CHARGED', amount });
      expect(generation).toBeNull();
      expect(userErrors).toMatchObject([{ code: 'UNUSUAL_COST', path: ['input', 'amount'] }]);
      expect(userErrors[0].message).toContain('more than 10 times the $0.58 ');
      expect(userErrors[0].message).toContain('confirmUnusualCost: true');
    }
    expect((await find(id)).status).toBe('UNCERTAIN');
    expect(
      (await resolve(id, { outcome: 'CHARGED', amount: '-58', confirmUnusualCost: true })).userErrors,
    ).toMatchObject([{ code: 'INVALID_INPUT' }]);
    const confirmed = await resolve(id, { outcome: 'CHARGED', amount: '58', confirmUnusualCost: true });
    expect(confirmed.generation).toMatchObject({ status: 'FAILED', cost: '58.000000' });
    // Ten times as much is nothing to ask about, and a few dollars never are.
    for (const amount of ['5.80', '4.99']) {
      const { generation } = await resolve((await uncertain(amount)).id, { outcome: 'CHARGED', amount });
      expect(generation.status).toBe('FAILED');
    }
    expect(await books()).toEqual(balanced);
  });

  it('of an ended run with an unknown cost a person tells it; repeated it is at most once, and not when it has pictures', async () => {
    const unknown = async (status: 'COMPLETED' | 'FAILED') => {
      const place = { projectId: rowId(projectId), characterId: rowId(characterId) };
      const id = await insertRun(dramatis.database, { ...place, status, costMicros: null, pictures: 0 });
      return toGlobalId('Generation', id);
    };
    const completed = await unknown('COMPLETED');
    expect(
      (await resolve(completed, { outcome: 'CHARGED', amount: '0.05', retry: true })).userErrors,
    ).toMatchObject([{ path: ['input', 'retry'] }]);
    const failed = await unknown('FAILED');
    const { generation: repeated } = await mutate(
      dramatis,
      editor,
      'retryGeneration',
      { id: failed },
      'generation { id }',
    );
    const settled = await resolve(failed, { outcome: 'NOT_CHARGED', retry: true });
    expect(settled.generation).toMatchObject({ cost: '0.000000', retriedAs: { id: repeated.id } });
    expect((await resolve(completed, { outcome: 'CHARGED', amount: '0.05' })).generation).toMatchObject({
      status: 'COMPLETED',
      cost: '0.050000',
      ledgerEntries: [{ kind: 'HOLD' }, { kind: 'CHARGE' }, { kind: 'RELEASE' }],
    });
    expect(await books()).toEqual(balanced);
  });

  it('waits for a worker that may still bring the answer', async () => {
    const { id } = await uncertain('handed over by a worker that is silent');
    await dramatis.database.query(
      "UPDATE generations SET is_attempt_over = false WHERE status = 'UNCERTAIN'",
    );
    const early = await resolve(id, { outcome: 'NOT_CHARGED' });
    expect(early.userErrors).toMatchObject([{ code: 'TOO_EARLY', path: ['input', 'id'] }]);
    await dramatis.database.query(
      "UPDATE generations SET attempted_at = now() - interval '6 minutes' WHERE status = 'UNCERTAIN'",
    );
    expect((await resolve(id, { outcome: 'NOT_CHARGED' })).generation.status).toBe('FAILED');
  });

  it('with `retry` both happen, or, where no budget has room, neither', async () => {
    const { id } = await uncertain('retry');
    const { createBudget } = await dramatis.get(
      'mutation ($input: CreateBudgetInput!) { createBudget(input: $input) { budget { id } userErrors { code message } } }',
      { input: { projectId, scope: 'CHARACTER', characterId, period: 'TOTAL', cap: '0' } },
    );
    const refused = await resolve(id, { outcome: 'CHARGED', retry: true });
    expect(refused).toMatchObject({
      generation: null,
      userErrors: [{ code: 'BUDGET_EXCEEDED', path: ['input', 'retry'] }],
    });
    expect((await find(id)).status).toBe('UNCERTAIN');
    await mutate(dramatis, owner, 'removeBudget', { id: createBudget.budget.id }, 'budget { id }');
    const { generation } = await resolve(id, { outcome: 'NOT_CHARGED', retry: true });
    expect(generation).toMatchObject({
      status: 'FAILED',
      cost: '0.000000',
      retriedAs: { id: expect.any(String) },
    });
    await ended(generation.retriedAs.id, 'UNCERTAIN');
  });
});

describe('amounts', () => {
  it.each(['-1', 'NaN', '0.0000001', '9223372036854.775808', '9223372036854775808', '1e3', '', 5, 1.5])(
    'a cap of %j is refused with its path',
    async (cap) => {
      const { data, errors } = await dramatis.ask(
        'mutation ($input: CreateBudgetInput!) { createBudget(input: $input) { budget { id } userErrors { path } } }',
        { input: { projectId, scope: 'PROJECT', period: 'DAY', cap } },
        owner,
      );
      if (errors) expect(errors[0]?.message).toContain('"input.cap"');
      else expect(data.createBudget).toEqual({ budget: null, userErrors: [{ path: ['input', 'cap'] }] });
    },
  );
});

// Last: the account is paused by it.
it('without credits the run ends, its money is free again, and its person is told', async () => {
  const { generation } = await generate({ model: v3('[[simulate:406]] no credits') });
  expect(await ended(generation.id, 'FAILED')).toMatchObject({
    costSource: 'NOT_CHARGED',
    failure: { code: 'PROVIDER_OUT_OF_CREDITS' },
    ledgerEntries: [{ kind: 'HOLD' }, { kind: 'RELEASE' }],
  });
  const { generation: next } = await generate({ model: v3('waits') });
  await eventually('the pause', async () => {
    const [pause] = await dramatis.database.query('SELECT reason FROM provider_pauses');
    return pause?.reason === 'NO_CREDITS';
  });
  expect(await find(next.id)).toMatchObject({ status: 'QUEUED', ledgerEntries: [{ kind: 'HOLD' }] });
  expect(await books()).toEqual(balanced);
});
