import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { adminKey, Dramatis, generateMutation, picture } from '../support/dramatis.ts';
import type { Selected } from '../support/operations/read.ts';
import { pngBomb } from '../support/pictures.ts';

let dramatis: Dramatis;
let projectId: string;
let characterId: string;
beforeAll(async () => {
  dramatis = await Dramatis.start({ environment: { MAX_BODY_BYTES: '3000000', MAX_IMAGE_BYTES: '1000000' } });
  ({ projectId, characterId } = await dramatis.cast());
});
afterAll(() => dramatis.stop());

const add = (source: object) =>
  dramatis.ask(
    'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { referenceImage { id } userErrors { code message path } } }',
    { input: { characterId, kind: 'FACE', source } },
  );

async function counts(): Promise<unknown> {
  const [row] = await dramatis.database.query(
    'SELECT (SELECT count(*) FROM images) i, (SELECT count(*) FROM reference_images) r, (SELECT count(*) FROM generations) g, (SELECT count(*) FROM project_events) e, (SELECT count(*) FROM pgboss.job) j',
  );
  return row;
}

describe('pictures', () => {
  it.each([
    ['http://127.0.0.1/x.png', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://0x7f.1/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://2130706433/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://017700000001/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://[::1]/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://[::ffff:127.0.0.1]/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://[64:ff9b::7f00:1]/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://１２７.0.0.1/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://0.0.0.0/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://169.254.169.254/latest/meta-data', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://100.64.0.1/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://10.0.0.1/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://localhost/', 'IMAGE_ADDRESS_FORBIDDEN'],
    ['http://example.com:22/', 'IMAGE_PORT_FORBIDDEN'],
    ['http://user:pass@example.com/', 'IMAGE_URL_INVALID'],
    ['file:///etc/passwd', 'IMAGE_URL_INVALID'],
    ['ftp://example.com/x.png', 'IMAGE_URL_INVALID'],
  ])('%s is refused', async (url, code) => {
    const before = await counts();
    const { data } = await add({ url });
    expect(data.addReferenceImage).toMatchObject({
      referenceImage: null,
      userErrors: [{ code, path: ['input', 'source', 'url'] }],
    });
    expect(await counts()).toEqual(before);
  });

  it('refuses what is no sound still picture, quickly, and keeps nothing of it', async () => {
    const sound = await sharp(
      Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"><circle r="200" fill="red"/></svg>',
      ),
    )
      .jpeg()
      .toBuffer();
    const frames = await Promise.all(['red', 'blue'].map((colour) => picture(colour)));
    const animated = await sharp(frames, { join: { animated: true } })
      .webp()
      .toBuffer();
    const cases: [Buffer, string][] = [
      [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'IMAGE_NOT_A_PICTURE'],
      [Buffer.from('not a picture at all'), 'IMAGE_NOT_A_PICTURE'],
      [sound.subarray(0, sound.length - 200), 'IMAGE_DAMAGED'],
      [(await picture('#123')).subarray(0, 100), 'IMAGE_DAMAGED'],
      [pngBomb(16_000), 'IMAGE_TOO_MANY_PIXELS'],
      [animated, 'IMAGE_ANIMATED'],
      [Buffer.concat([sound, Buffer.alloc(1_000_000)]), 'IMAGE_TOO_LARGE'],
    ];
    const before = await counts();
    for (const [bytes, code] of cases) {
      const startedAt = performance.now();
      const { data } = await add({ base64: bytes.toString('base64') });
      expect(data.addReferenceImage).toMatchObject({ referenceImage: null, userErrors: [{ code }] });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    }
    expect((await add({ base64: '' })).data.addReferenceImage.userErrors[0].code).toBe('IMAGE_NOT_A_PICTURE');
    expect((await add({ imageId: 'x' })).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    expect(await counts()).toEqual(before);
  });

  it('uploads by POST: 201 with what it is; 401, 404, 400, 413 otherwise; EXIF is stripped and the picture upright', async () => {
    const post = (body: Buffer, project = projectId, key = adminKey) =>
      fetch(`${dramatis.url}/images?projectId=${project}`, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { authorization: `Bearer ${key}`, 'content-type': 'image/jpeg' },
      });
    const turned = await sharp({ create: { width: 200, height: 100, channels: 3, background: 'teal' } })
      .withExif({ IFD0: { Copyright: 'canary' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const answer = await post(turned);
    const image = (await answer.json()) as {
      id: string;
      url: string;
      width: number;
      height: number;
      contentType: string;
    };
    expect([answer.status, image.width, image.height, image.contentType]).toEqual([
      201,
      100,
      200,
      'image/jpeg',
    ]);
    const stored = Buffer.from(await (await fetch(image.url)).arrayBuffer());
    expect((await sharp(stored).metadata()).exif).toBeUndefined();
    expect(stored.includes('canary')).toBe(false);
    expect((await post(turned, projectId, 'wrong_key_wrong_key')).status).toBe(401);
    expect((await post(turned, characterId)).status).toBe(404);
    expect((await post(Buffer.from('nonsense'))).status).toBe(400);
    expect((await post(Buffer.alloc(1_500_000))).status).toBe(413);
  });
});

type Page = Selected<
  'CharacterConnection',
  '{ totalCount nodes { name } pageInfo { hasNextPage endCursor } }'
>;

describe('signed picture URLs', () => {
  it('serve every format, scaled down only, cacheable and safe; nothing without our signature', async () => {
    const { data } = await dramatis.ask(
      'query ($id: ID!) { character(id: $id) { referenceImages(first: 1) { image { width plain: url webp: url(width: 32, format: WEBP) avif: url(format: AVIF) jpeg: url(width: 4000, format: JPEG) } } } }',
      { id: characterId },
    );
    const { image } = data.character.referenceImages[0];
    for (const [url, type, width] of [
      [image.plain, 'image/png', 96],
      [image.webp, 'image/webp', 32],
      [image.avif, 'image/avif', 96],
      [image.jpeg, 'image/jpeg', 96],
    ] as const) {
      const answer = await fetch(url);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toContain('sandbox');
      expect(answer.headers.get('cache-control')).toMatch(/max-age=\d{4,}, immutable/);
      expect((await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).width).toBe(width);
      expect(
        (await fetch(url, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } })).status,
      ).toBe(304);
    }
    expect((await fetch(image.webp.replace('w=32', 'w=64'))).status).toBe(403);
    expect((await fetch(image.plain.replace(/sig=.{5}/, 'sig=AAAAA'))).status).toBe(403);
    expect((await fetch(image.plain.replace(/exp=\d+/, 'exp=99999999999'))).status).toBe(403);
  });
});

describe('runs', () => {
  it.each([
    [{ numberOfOutputs: 21 }, 'numberOfOutputs', 'from 1 to 20; got 21'],
    [{ numberOfOutputs: 0 }, 'numberOfOutputs', 'from 1 to 20; got 0'],
    [{ outputQuality: 101 }, 'outputQuality', 'from 0 to 100; got 101'],
    [{ seed: -2 }, 'seed', 'at least -1; got -2'],
    [{ prompt: 'nul \0 here' }, 'prompt', 'NUL'],
  ])('%j names its path, its range and what it got', async (values, field, words) => {
    const before = await counts();
    const { generate } = await dramatis.get(generateMutation, {
      input: { characterId, model: { consistentCharacter: values } },
    });
    expect(generate).toMatchObject({
      generation: null,
      userErrors: [{ path: ['input', 'model', 'consistentCharacter', field] }],
    });
    expect(generate.userErrors[0].message).toContain(words);
    expect(await counts()).toEqual(before);
  });

  it('tells every problem at once, a missing reference and a missing prompt too', async () => {
    const { data } = await dramatis.ask(
      'mutation ($p: ID!) { createCharacter(input: { projectId: $p, name: "Nova" }) { character { id } } }',
      { p: projectId },
    );
    const { generate } = await dramatis.get(generateMutation, {
      input: {
        characterId: data.createCharacter.character.id,
        model: { consistentCharacterAiNeolemonV3: { steps: 71, guidanceScale: 0.5 } },
      },
    });
    expect(
      generate.userErrors.map(({ code, path }: { code: string; path: string[] }) => [code, path.at(-1)]),
    ).toEqual([
      ['REFERENCE_REQUIRED', 'ipImage'],
      ['OUT_OF_RANGE', 'prompt'],
      ['OUT_OF_RANGE', 'guidanceScale'],
      ['OUT_OF_RANGE', 'steps'],
    ]);
  });

  it('refuses an archived character, unknown fields, and ids that are not there', async () => {
    const { characterId: old } = await dramatis.cast();
    await dramatis.get(
      'mutation ($id: ID!) { archiveCharacter(input: { id: $id }) { character { archivedAt } } }',
      { id: old },
    );
    const ask = (input: object) => dramatis.ask(generateMutation, { input });
    expect(
      (await ask({ characterId: old, model: { consistentCharacter: {} } })).data.generate.userErrors,
    ).toMatchObject([{ code: 'CHARACTER_ARCHIVED' }]);
    expect(
      (await ask({ characterId, model: { consistentCharacter: { subjectImage: 'x' } } })).errors?.[0]
        ?.extensions.code,
    ).toBe('BAD_USER_INPUT');
    expect(
      (await ask({ characterId, model: { consistentCharacter: { outputFormat: 'gif' } } })).errors?.[0]
        ?.extensions.code,
    ).toBe('BAD_USER_INPUT');
    for (const id of [
      'nonsense',
      '',
      projectId,
      Buffer.from('Character:00000000-0000-7000-8000-000000000000').toString('base64url'),
    ]) {
      const { errors } = await ask({ characterId: id, model: { consistentCharacter: {} } });
      expect(errors).toMatchObject([
        { message: 'No Character with this id.', extensions: { code: 'NOT_FOUND' } },
      ]);
    }
  });
});

describe('reads', () => {
  it.each(['first: 0', 'first: 101', 'first: 1000000', 'first: -1', 'first: 5, after: "nonsense"'])(
    'projects(%s) is refused',
    async (args) => {
      const { errors } = await dramatis.ask(`{ projects(${args}) { totalCount } }`);
      expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    },
  );

  it('pages through a list without a gap, and counts it', async () => {
    const { data } = await dramatis.ask(
      'mutation { createProject(input: { name: "Pages" }) { project { id } } }',
    );
    const { id } = data.createProject.project;
    for (let index = 0; index < 7; index += 1) {
      await dramatis.get(
        'mutation ($p: ID!, $n: String!) { createCharacter(input: { projectId: $p, name: $n }) { character { id } } }',
        { p: id, n: `C${index}` },
      );
    }
    const names: string[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 5; pages += 1) {
      const { project }: { project: { characters: Page } } = await dramatis.get(
        'query ($id: ID!, $after: String) { project(id: $id) { characters(first: 3, after: $after) { totalCount nodes { name } pageInfo { hasNextPage endCursor } } } }',
        { id, after },
      );
      expect(project.characters.totalCount).toBe(7);
      names.push(...project.characters.nodes.map(({ name }) => name));
      if (!project.characters.pageInfo.hasNextPage) break;
      after = project.characters.pageInfo.endCursor;
    }
    expect(names).toEqual(['C6', 'C5', 'C4', 'C3', 'C2', 'C1', 'C0']);
  });

  it('node finds every type again, nodes says null where there is none', async () => {
    const { character } = await dramatis.get(
      'query ($id: ID!) { character(id: $id) { id project { id } referenceImages(first: 1) { id image { id } } } }',
      { id: characterId },
    );
    const [reference] = character.referenceImages;
    const ids = [character.id, character.project.id, reference.id, reference.image.id, 'nonsense'];
    const { data, errors } = await dramatis.ask(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }',
      { ids },
    );
    expect(data.nodes.map((node) => node?.__typename)).toEqual([
      'Character',
      'Project',
      'ReferenceImage',
      'Image',
      undefined,
    ]);
    expect(errors).toMatchObject([{ path: ['nodes', 4], extensions: { code: 'NOT_FOUND' } }]);
  });
});

describe('requests', () => {
  it("a body that is too large, broken JSON, no query: 4xx in GraphQL's shape", async () => {
    const post = (body: string, type = 'application/json') =>
      fetch(`${dramatis.url}/graphql`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': type },
      });
    for (const [body, status] of [
      ['x'.repeat(3_500_000), 413],
      ['{', 400],
      ['{}', 400],
      ['[]', 400],
      ['{"query":"{"}', 400],
    ] as const) {
      const answer = await post(body);
      expect([body.slice(0, 12), answer.status]).toEqual([body.slice(0, 12), status]);
      expect(((await answer.json()) as { errors: unknown[] }).errors).toHaveLength(1);
    }
    expect((await post('query { x }', 'text/plain')).status).toBeGreaterThanOrEqual(400);
  });

  it('text with NUL or half a surrogate pair is refused by its path, and names have limits', async () => {
    const create = (name: string) =>
      dramatis.get(
        'mutation ($n: String!) { createProject(input: { name: $n }) { project { id } userErrors { code path } } }',
        { n: name },
      );
    for (const name of ['a\0b', 'a\ud800b', '', '   ', 'x'.repeat(201)]) {
      expect((await create(name)).createProject).toEqual({
        project: null,
        userErrors: [{ code: 'INVALID_INPUT', path: ['input', 'name'] }],
      });
    }
  });
});
