import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../src/platform/reads/global-id.ts';
import { type DeliveringProvider, startDeliveringProvider } from '../support/delivering-provider.ts';
import { Dramatis, eventually, picture } from '../support/dramatis.ts';
import { pngBomb } from '../support/pictures.ts';

const providerKey = 'SG_0123456789abcdef';
let provider: DeliveringProvider;
let dramatis: Dramatis;
let characterId: string;
let sound: Buffer;
beforeAll(async () => {
  provider = await startDeliveringProvider();
  dramatis = await Dramatis.start({
    environment: {
      SEGMIND_BASE_URL: provider.url,
      SEGMIND_RETENTION_MS: '2000',
      MAX_IMAGE_PIXELS: '4000000',
      MAX_IMAGE_BYTES: '4096',
      SEGMIND_MEMORY_BYTES: '65536',
    },
  });
  dramatis.onStop(() => provider.close());
  ({ characterId } = await dramatis.cast());
  sound = await picture('#246', 80);
});
afterAll(() => dramatis.stop());

/** Serves bytes as the provider's files; answers their addresses. */
function serve(...all: readonly (Buffer | { status: number; headers?: Record<string, string> })[]): string[] {
  return all.map((each, index) => {
    const name = `${provider.submits}-${index}`;
    provider.files.set(name, Buffer.isBuffer(each) ? { body: each } : { ...each, body: {} });
    return `${provider.url}/files/${name}`;
  });
}

const problemFields = 'outputProblems { index code message url sizeBytes sha256 contentType providerUrl }';
async function read(id: string) {
  const { generation } = await dramatis.get(
    `query ($id: ID!) { generation(id: $id) { status cost failure { code } images { index } ${problemFields} } }`,
    { id },
  );
  return generation;
}

async function run(result: DeliveringProvider['result']) {
  provider.result = result;
  const id = await dramatis.generate(characterId);
  await dramatis.settle(id);
  return { id, ...(await read(id)) };
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** The bytes are there, and can only be saved. */
async function expectKept(problem: Record<string, string | number>, bytes: Buffer): Promise<void> {
  expect(problem).toMatchObject({ sizeBytes: bytes.length, sha256: hash(bytes) });
  const response = await fetch(String(problem.url));
  expect(response.status).toBe(200);
  expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  const { headers } = response;
  expect([headers.get('content-type'), headers.get('x-content-type-options')]).toEqual([
    'application/octet-stream',
    'nosniff',
  ]);
  expect(headers.get('content-disposition')).toMatch(/^attachment; filename="[0-9a-f-]{36}-\d+\.bin"$/);
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  const head = await fetch(String(problem.url), { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
}

/** Begins like a picture. */
const tooMany = (sizeBytes: number) => Buffer.concat([sound.subarray(0, 100), randomBytes(sizeBytes)]);
const base64 = (bytes: Buffer) => bytes.toString('base64');

/** The header of a bitmap: a picture to others, but our library does not decode it. */
const bitmap = () => Buffer.concat([Buffer.from('BM'), Buffer.alloc(200, 7)]);

describe('an output that is refused after it was paid for is kept as it came', () => {
  it.each<[string, () => Promise<Buffer> | Buffer, string, string]>([
    ['a format that is not decoded', bitmap, 'NOT_A_PICTURE', 'image/bmp'],
    ['a page', () => Buffer.from('<html>no picture</html>'), 'NOT_A_PICTURE', 'text/html'],
    ['a picture of which nothing can be shown', () => sound.subarray(0, 40), 'DAMAGED', 'image/png'],
    ['too many pixels', () => pngBomb(3_000), 'TOO_MANY_PIXELS', 'image/png'],
    ['more bytes than are looked at', () => tooMany(20_000_000), 'TOO_LARGE', 'image/png'],
  ])('%s', async (_, make, code, contentType) => {
    const bytes = await make();
    const [providerUrl] = serve(bytes);
    const { status, cost, failure, outputProblems } = await run({ body: { output: providerUrl } });
    expect({ status, cost, failure }).toEqual({
      status: 'FAILED',
      cost: '0.070000',
      failure: { code: 'RESULT_INVALID' },
    });
    expect(outputProblems).toEqual([expect.objectContaining({ index: 0, code, contentType, providerUrl })]);
    await expectKept(outputProblems[0], bytes);
  });

  it('beside its siblings, also where their bytes came in one answer', async () => {
    const odd = bitmap();
    const images = [sound, odd].map((bytes) => bytes.toString('base64'));
    const { status, images: kept, outputProblems } = await run({ body: { images } });
    expect([status, kept]).toEqual(['COMPLETED', [{ index: 0 }]]);
    expect(outputProblems).toEqual([
      expect.objectContaining({ index: 1, code: 'NOT_A_PICTURE', providerUrl: null }),
    ]);
    await expectKept(outputProblems[0], odd);
  });

  it('the same bytes twice are two problems, and one file', async () => {
    const bytes = Buffer.from('twice the same, and no picture');
    const { outputProblems } = await run({ body: { output: serve(bytes, bytes) } });
    expect(outputProblems).toHaveLength(2);
    for (const problem of outputProblems) await expectKept(problem, bytes);
  });
});

describe('an output that cannot be fetched says where it is', () => {
  it.each<[string, () => string]>([
    ['at another host', () => 'https://pictures.example/a.png'],
    [
      'behind a redirect',
      () => serve({ status: 302, headers: { location: 'http://127.0.0.1:9/' } })[0] ?? '',
    ],
  ])('%s', async (_, place) => {
    const providerUrl = place();
    const { failure, outputProblems } = await run({ body: { output: providerUrl } });
    expect(failure).toEqual({ code: 'RESULT_INVALID' });
    const nothing = { url: null, sha256: null, sizeBytes: null, contentType: null };
    expect(outputProblems).toEqual([
      expect.objectContaining({ index: 0, code: 'OUTPUT_REFUSED', providerUrl, ...nothing }),
    ]);
  });
});

describe('pictures in an answer that is larger than what is held in memory while it comes', () => {
  it.each([false, true])('are found, several at a time (synchronous: %s)', async (isSynchronous) => {
    provider.isSynchronous = isSynchronous;
    provider.result = { body: { images: [base64(sound)], padding: base64(randomBytes(150_000)) } };
    const ids = await Promise.all(Array.from({ length: 6 }, () => dramatis.generate(characterId)));
    const runs = await Promise.all(ids.map((id) => dramatis.settle(id))).finally(() => {
      provider.isSynchronous = false;
    });
    expect(runs.map(({ status }) => status)).toEqual(runs.map(() => 'COMPLETED'));
    await eventually('nothing to be left', () => unfinished().length === 0);
  });
});

it('a large answer that is a failure is told as one, and leaves nothing', async () => {
  const error = Buffer.from(JSON.stringify({ error: 'no', padding: base64(randomBytes(300_000)) }));
  provider.isSynchronous = true;
  const { status, outputProblems } = await run({ status: 500, body: error }).finally(() => {
    provider.isSynchronous = false;
  });
  expect([status, outputProblems]).toEqual(['UNCERTAIN', []]);
  await eventually('nothing to be left', () => unfinished().length === 0);
});

/** What lies in storage half done; trials of the disk come and go. */
function unfinished(): string[] {
  const folder = join(dramatis.environment.DATA_DIR ?? '', 'storage/unfinished');
  return readdirSync(folder, { withFileTypes: true }).flatMap((each) => (each.isFile() ? [each.name] : []));
}

describe('an answer without a picture is kept whole', () => {
  it('as JSON, without the key that it repeats', async () => {
    const body = { status: 'COMPLETED', weights: 'x'.repeat(100), told: `your key is ${providerKey}` };
    const { failure, outputProblems } = await run({ body });
    expect(failure).toEqual({ code: 'RESULT_INVALID' });
    expect(outputProblems).toEqual([
      expect.objectContaining({ index: 0, code: 'ANSWER_INVALID', contentType: 'application/json' }),
    ]);
    await expectKept(outputProblems[0], Buffer.from(JSON.stringify(body).replace(providerKey, '[key]')));
  });

  it.each<[string, () => Buffer | object, string]>([
    ['bytes', bitmap, 'ANSWER_UNREADABLE'],
    ['JSON', () => ({ picture: 'somewhere else' }), 'ANSWER_INVALID'],
  ])('as %s of the synchronous API, though it is unknown whether it was paid', async (_, make, code) => {
    const body = make();
    provider.isSynchronous = true;
    const { status, outputProblems } = await run({ body }).finally(() => {
      provider.isSynchronous = false;
    });
    expect(status).toBe('UNCERTAIN');
    expect(outputProblems).toEqual([expect.objectContaining({ index: 0, code, providerUrl: null })]);
    await expectKept(outputProblems[0], Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)));
  });

  it.each([
    ['asynchronous', false, 'FAILED'],
    ['synchronous', true, 'UNCERTAIN'],
  ])('also when it is too large to be looked at, over the %s API', async (_, isSynchronous, ends) => {
    const told = `${'x'.repeat(65_500)}${providerKey}`;
    const body = { images: [base64(sound)], padding: base64(randomBytes(3_000_000)), told };
    provider.isSynchronous = isSynchronous;
    const { status, images, outputProblems } = await run({ body }).finally(() => {
      provider.isSynchronous = false;
    });
    expect([status, images]).toEqual([ends, []]);
    expect(outputProblems).toEqual([
      expect.objectContaining({ index: 0, code: 'ANSWER_INVALID', contentType: 'application/json' }),
    ]);
    await expectKept(outputProblems[0], Buffer.from(JSON.stringify(body).replace(providerKey, '[key]')));
    await eventually('nothing to be left', () => unfinished().length === 0);
  });

  it('as bytes of the asynchronous API, when it has not become better by the end of the retention', async () => {
    const body = bitmap();
    const { failure, outputProblems, cost } = await run({ body });
    expect([failure, cost]).toEqual([{ code: 'RESULT_EXPIRED' }, '0.070000']);
    expect(outputProblems).toEqual([expect.objectContaining({ index: 0, code: 'ANSWER_UNREADABLE' })]);
    await expectKept(outputProblems[0], body);
  });
});

describe('the address of a kept output', () => {
  it('is good for that output alone, and says nothing to who has none', async () => {
    const bytes = Buffer.from('kept, and not to be guessed');
    const { outputProblems } = await run({ body: { output: serve(bytes, bytes) } });
    const [first, second] = [new URL(outputProblems[0].url), new URL(outputProblems[1].url)];
    const status = async (url: URL) => (await fetch(url)).status;
    const swapped = new URL(first);
    swapped.pathname = second.pathname;
    expect(await status(swapped)).toBe(403);
    const asPicture = new URL(first);
    asPicture.pathname = first.pathname.replace('/outputs/', '/images/').replace(/\/0$/, '');
    expect(await status(asPicture)).toBe(403);
    const later = new URL(first);
    later.searchParams.set('exp', String(Number(first.searchParams.get('exp')) + 86_400));
    expect(await status(later)).toBe(403);
    for (const path of ['/outputs/x/0', '/outputs/00000000-0000-4000-8000-000000000000/0?exp=1&sig=x'])
      expect(await status(new URL(path, dramatis.url))).toBe(403);
    expect(await status(first)).toBe(200);
  });

  it('leads nowhere while its file is missing, which the log tells once', async () => {
    const { outputProblems } = await run({ body: { output: serve(Buffer.from('its file is taken away')) } });
    const storage = join(dramatis.environment.DATA_DIR ?? '', 'storage');
    const [path = ''] = readdirSync(storage, { recursive: true, encoding: 'utf8' }).filter((each) =>
      each.endsWith(outputProblems[0].sha256),
    );
    renameSync(join(storage, path), join(storage, `${path}.away`));
    for (let times = 0; times < 3; times += 1) expect((await fetch(outputProblems[0].url)).status).toBe(404);
    expect(dramatis.secrets.logged.filter((line) => line.includes('a kept output is missing'))).toHaveLength(
      1,
    );
    renameSync(join(storage, `${path}.away`), join(storage, path));
    expect((await fetch(outputProblems[0].url)).status).toBe(200);
  });

  it('leads nowhere once its project is gone, with its bytes', async () => {
    const cast = await dramatis.cast();
    const { id, outputProblems } = await (async () => {
      provider.result = { body: { output: serve(Buffer.from('goes with its project')) } };
      const id = await dramatis.generate(cast.characterId);
      await dramatis.settle(id);
      return { id, ...(await read(id)) };
    })();
    const folder = join(
      dramatis.environment.DATA_DIR ?? '',
      'storage/projects',
      fromGlobalId('Project', cast.projectId),
    );
    expect(readdirSync(join(folder, 'blobs'), { recursive: true }).join()).toContain(
      outputProblems[0].sha256,
    );
    await dramatis.get(
      'mutation ($input: DeleteProjectInput!) { deleteProject(input: $input) { userErrors { code } } }',
      { input: { id: cast.projectId, name: 'Tests' } },
    );
    await dramatis.database.query(
      "UPDATE projects SET deleting_at = deleting_at - interval '1 minute' WHERE deleting_at IS NOT NULL",
    );
    await eventually('the bytes to go', () => !existsSync(folder));
    expect((await fetch(outputProblems[0].url)).status).toBe(404);
    expect((await dramatis.ask(`{ generation(id: "${id}") { id } }`)).errors?.[0]?.extensions.code).toBe(
      'NOT_FOUND',
    );
  });
});
