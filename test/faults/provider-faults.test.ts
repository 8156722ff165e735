import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Dramatis, eventually } from '../support/dramatis.ts';

let dramatis: Dramatis;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({
    environment: { SEGMIND_SUBMIT_TIMEOUT_MS: '700', MAX_IMAGE_BYTES: '2000000' },
  });
  ({ characterId } = await dramatis.cast());
});
afterAll(() => dramatis.stop());

/** POSTs of runs so far. */
const submits = () =>
  dramatis.simulator.requests.filter(({ method, path }) => method === 'POST' && /^\/v[12]\//.test(path))
    .length;

async function run(prompt: string) {
  const [before, billed] = [submits(), dramatis.simulator.bill.length];
  const states = await dramatis.follow(await dramatis.generate(characterId, prompt));
  return {
    last: states.at(-1),
    states,
    submits: submits() - before,
    bills: dramatis.simulator.bill.length - billed,
  };
}

describe('a submit that may have arrived is never sent again', () => {
  it.each([
    '500',
    '502',
    '504',
    'accept-then-500',
    'accept-then-502',
    'accept-then-504',
    'accept-then-reset',
    'accept-then-hang',
    'accept-then-drip',
    'reset',
    'json-error',
    'hostile-id',
  ])('%s leaves it UNCERTAIN after one POST', async (fault) => {
    const { last, submits } = await run(`[[simulate:${fault}]]`);
    expect(last).toMatchObject({
      status: 'UNCERTAIN',
      cost: null,
      failure: { code: 'SUBMISSION_UNCERTAIN', retryable: false },
    });
    expect(submits).toBe(1);
  });

  it('an id that another run has leaves it UNCERTAIN, and no picture crosses over', async () => {
    await run('first');
    const { last, submits } = await run('[[simulate:same-id]]');
    expect(last).toMatchObject({ status: 'UNCERTAIN', images: [], providerRequestId: null });
    expect(last?.failure?.message).toContain('the id of another run');
    expect(submits).toBe(1);
  });
});

describe('a submit that was certainly refused', () => {
  it.each([
    ['400', 'PROVIDER_REJECTED'],
    ['404', 'MODEL_UNAVAILABLE'],
    ['410', 'MODEL_UNAVAILABLE'],
  ])('%s fails it with the reason, free of charge', async (fault, code) => {
    const { last, submits } = await run(`[[simulate:${fault}]]`);
    expect(last).toMatchObject({ status: 'FAILED', cost: '0.000000', failure: { code } });
    expect(last?.failure?.message).not.toMatch(/SG_/);
    expect(submits).toBe(1);
  });

  it('429 is waited out as long as the provider says, then sent again', async () => {
    dramatis.simulator.faults.push({ name: '429', arg: '1', times: 1 });
    const startedAt = Date.now();
    const { last, states, submits } = await run('patience');
    expect(last).toMatchObject({ status: 'COMPLETED' });
    expect(states.filter(({ status }) => status === 'QUEUED').length).toBeGreaterThan(1);
    expect(submits).toBe(2);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1_000);
  });

  it('a missing v2 route falls back to v1, once', async () => {
    const { last, bills } = await run('[[simulate:route-refused]]');
    expect(last).toMatchObject({ status: 'COMPLETED', cost: '0.085000' });
    expect(bills).toBe(1);
  });
});

describe('while the provider works', () => {
  it.each([
    'poll-500=4',
    'poll-502=4',
    'poll-redirect',
    'status-back',
    'hostile-urls',
    'failed-not',
    'output-list',
    'output-base64',
    'wrong-content-type',
  ])('%s does not keep it from its picture', async (fault) => {
    const { last, states, bills } = await run(`[[simulate:${fault}]] ok`);
    expect(last).toMatchObject({ status: 'COMPLETED', failure: null });
    expect(last?.images).toHaveLength(1);
    expect(bills).toBe(1);
    const order = ['QUEUED', 'SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING', 'COMPLETED'];
    const seen = states.map(({ status }) => order.indexOf(status));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('FAILED, delivered as 422 or as 200, fails it with the detail and costs nothing', async () => {
    for (const fault of ['failed', 'failed-200']) {
      const { last, bills } = await run(`[[simulate:${fault}=the oven is cold]]`);
      expect(last).toMatchObject({
        status: 'FAILED',
        cost: '0.000000',
        failure: { code: 'PROVIDER_FAILED', retryable: true },
      });
      expect(last?.failure?.message).toContain('the oven is cold');
      expect(bills).toBe(0);
    }
  });

  it('a content block is told apart', async () => {
    expect((await run('[[simulate:blocked]]')).last).toMatchObject({
      status: 'FAILED',
      failure: { code: 'CONTENT_BLOCKED', retryable: false },
    });
  });

  it('a request that the provider forgets is EXPIRED, paid for, and not sent again', async () => {
    const { last, submits } = await run('[[simulate:lost]]');
    expect(last).toMatchObject({ status: 'FAILED', cost: '0.085000', failure: { code: 'RESULT_EXPIRED' } });
    expect(submits).toBe(1);
  });
});

describe('what is delivered', () => {
  it.each(['missing-output', 'broken-image', 'foreign-output', 'huge-image'])(
    '%s is RESULT_INVALID and paid for',
    async (fault) => {
      const { last } = await run(`[[simulate:${fault}]]`);
      expect(last).toMatchObject({ status: 'FAILED', cost: '0.085000', failure: { code: 'RESULT_INVALID' } });
    },
  );

  it('one broken output does not fail its siblings', async () => {
    const { generate } = await dramatis.get(
      'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }',
      {
        input: {
          characterId,
          model: { consistentCharacter: { prompt: '[[simulate:truncated-image=1]]', numberOfOutputs: 3 } },
        },
      },
    );
    const last = await dramatis.settle(generate.generation.id);
    expect(last.images.map(({ index }) => index)).toEqual([0, 2]);
    expect(last).toMatchObject({ status: 'COMPLETED', outputProblems: [{ index: 1, code: 'DAMAGED' }] });
  });
});

it('sends the key only to the API', () => {
  const withKey = dramatis.simulator.requests.filter(({ headers }) => headers['x-api-key'] !== undefined);
  expect(withKey.every(({ path }) => /^\/(v1|v2|upload-asset)/.test(path))).toBe(true);
  expect(dramatis.simulator.requests.some(({ path }) => path.startsWith('/generations/'))).toBe(true);
});

describe('a key that the provider refuses', () => {
  it('fails the run with the reason, lets the others wait, and is tried at most once a minute', async () => {
    const other = await Dramatis.start({ simulator: { apiKeys: ['SG_another'] } });
    try {
      const cast = await other.cast();
      const first = await other.generate(cast.characterId);
      expect(await other.settle(first)).toMatchObject({
        status: 'FAILED',
        cost: '0.000000',
        failure: { code: 'PROVIDER_UNAUTHORIZED', retryable: true },
      });
      const asked = () => other.simulator.requests.filter(({ path }) => path !== '/v2/requests').length;
      const before = asked();
      const ids = await Promise.all([1, 2, 3].map(() => other.generate(cast.characterId)));
      await eventually('the others to be put off', async () => {
        const rows = await other.database.query(
          "SELECT 1 FROM pgboss.job WHERE start_after > now() + interval '20 seconds'",
        );
        return rows.length >= ids.length;
      });
      expect(asked()).toBe(before);
      const rows = await other.database.query("SELECT status FROM generations WHERE status = 'QUEUED'");
      expect(rows).toHaveLength(ids.length);
    } finally {
      await other.stop();
    }
  });
});
