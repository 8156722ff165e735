import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answerAnything } from '../support/any-answer.ts';
import { adminKey, Dramatis, eventually, type GenerationState, picture } from '../support/dramatis.ts';
import {
  type OutspokenProvider,
  startOutspokenProvider,
  type Told,
  type Words,
} from '../support/outspoken-provider.ts';
import { token } from '../support/people.ts';
import { randomTexts } from '../support/texts.ts';
import { isThorough } from '../support/thorough.ts';

let provider: OutspokenProvider;
let dramatis: Dramatis;
/** The same on the synchronous API. */
let v1: Dramatis;
const casts = new Map<Dramatis, { characterId: string }>();
let cases = 0;

beforeAll(async () => {
  provider = await startOutspokenProvider(await picture('#284'));
  const environment = {
    SEGMIND_BASE_URL: provider.url,
    SEGMIND_POLL_MIN_MS: '20',
    SEGMIND_POLL_MAX_MS: '100',
    AUTH_FAILURES_PER_MINUTE: '100000',
  };
  dramatis = await Dramatis.start({ environment });
  v1 = await Dramatis.start({ environment: { ...environment, SEGMIND_TRANSPORT: 'v1' } });
  for (const each of [dramatis, v1]) casts.set(each, await each.cast());
});
afterAll(async () => {
  await Promise.all([dramatis.stop(), v1.stop()]);
  await provider.close();
});

/** Asks for a run of which the provider will say so. */
async function begin(words: Words, on = dramatis): Promise<{ id: string; number: number }> {
  cases += 1;
  const number = cases;
  provider.words.set(number, words);
  return { id: await on.generate(casts.get(on)?.characterId ?? '', `case ${number}`), number };
}

/** Each of the runs must end so, and be submitted once. */
async function runs(all: readonly Words[], ends: object, on = dramatis): Promise<void> {
  const ended = await Promise.all(
    all.map(async (words) => {
      const { id, number } = await begin(words, on);
      const last: GenerationState = await on.settle(id);
      return { ...last, submits: provider.submits.get(number) };
    }),
  );
  for (const each of ended) expect(each).toMatchObject({ ...ends, submits: 1 });
}

/** Half of an emoji where a detail is cut, NUL, halves of pairs: what Postgres keeps in no column, or in none of JSON. */
const odd = [
  ['an emoji where it is cut', `${'a '.repeat(249)}a😀 and more`],
  ['NUL', 'a\0b'],
  ['half an emoji', 'a\ud83db'],
  ['the other half', 'a\ude00b'],
  ['nothing but NUL', '\0\0'],
] as const;

describe('a run that the provider failed', () => {
  const failed = { status: 'FAILED', cost: '0.000000', failure: { code: 'PROVIDER_FAILED' } };

  it.each(odd)('ends as failed and free, with %s in its words', async (_, text) => {
    const told = [422, 200, 500].map((status) => ({ status, body: { status: 'FAILED', error: text } }));
    await runs([...told.map((status) => ({ status })), ...told.map((result) => ({ result }))], failed);
  });

  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  const oddly: [string, Told['body']][] = [
    ['with a line break as it is within a text', '{"status":"FAILED","error":"one\ntwo"}'],
    ['with NUL as it is within a text', '{"status":"FAILED","error":"one\0two"}'],
    ['after a byte order mark', '\ufeff{"status":"FAILED","error":"no"}'],
    ['after many blanks', `${' \n'.repeat(3_000)}{"status":"FAILED","error":"no"}`],
    [
      'beside a number that is none',
      '{"status":"FAILED","error":"NaN \\" NaN","metrics":{"inference_time":NaN}}',
    ],
    ['with an error nested too deeply to be printed', `{"status":"FAILED","error":${deep}}`],
    [
      'in bytes that are no UTF-8',
      Buffer.from('{"status":"FAILED","error":"\xff\xfe\xed\xa0\x80"}', 'latin1'),
    ],
    ['with blanks and NUL around its state', { status: ' failed\0\n', error: 'no' }],
    ['after a time that no arithmetic takes', { status: 'FAILED', metrics: { inference_time: 1e308 } }],
  ];
  it.each(oddly)('ends as failed and free, told %s', async (_, body) => {
    const told = [422, 200].map((status) => ({ status: { status, body } }));
    await runs([...told, { result: { status: 422, body } }], failed);
  });

  it.each(['<html>422 Unprocessable\0</html>', '{"status":"FAI', '', '{"detail":"\0"}'])(
    'ends as failed and free, told by the HTTP status alone: %j',
    async (body) => {
      await runs([{ status: { status: 422, body } }, { result: { status: 422, body } }], failed);
    },
  );

  it('is not failed by a status that its words contradict', async () => {
    const { id, number } = await begin({ status: { status: 422, body: { status: 'PROCESSING' } } });
    await eventually('it is asked after often', () => (provider.polls.get(number) ?? 0) > 8);
    provider.words.set(number, {});
    expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('a run that the provider refused', () => {
  it.each(odd)('is refused and free, with %s in its words, on both transports', async (_, text) => {
    const words = [{ error: text }, `${text} as it is`].map((body) => ({ submit: { status: 400, body } }));
    const refused = { status: 'FAILED', cost: '0.000000', failure: { code: 'PROVIDER_REJECTED' } };
    await Promise.all([dramatis, v1].map((on) => runs(words, refused, on)));
  });

  it.each(odd)('is in doubt where the answer proves nothing, with %s in its words', async (_, text) => {
    const told = [
      { status: 500, body: { error: text } },
      { body: { error: text } },
      { body: { request_id: `r-${text}` } },
    ];
    const doubtful = { status: 'UNCERTAIN', failure: { code: 'SUBMISSION_UNCERTAIN' } };
    await runs(
      told.map((submit) => ({ submit })),
      doubtful,
    );
  });
});

describe('a picture', () => {
  const at = (name: string) => `${provider.url}/files/${name}`;
  const completed = (output: unknown, more: object = {}): Words => ({
    result: { body: { status: 'COMPLETED', output, ...more } },
  });
  const kept = { status: 'COMPLETED', images: [{ index: 0 }] };

  it.each(odd)(
    'is fetched beside an address with %s in it, which is a problem of its own',
    async (_, text) => {
      const outputProblems = [1, 2].map((index) => ({ index, code: 'OUTPUT_REFUSED' }));
      const outputs = [at('sound'), `https://elsewhere.example/${text}`, `http://[${text}`];
      await runs([completed(outputs)], { ...kept, outputProblems });
    },
  );

  it.each(odd)('is fetched from an address with %s in it, as a browser reads it', async (_, text) => {
    await runs([completed(at(`${text}.png`)), completed([`${at('broken\n')}in-two.png\0`])], kept);
  });

  it('that has no address fails its run, which was paid for', async () => {
    const outputs = [['http://[\0'], `https://elsewhere.example/${'x'.repeat(100_000)}`];
    await runs(
      outputs.map((output) => completed(output)),
      { status: 'FAILED', cost: '0.085000', failure: { code: 'RESULT_INVALID' } },
    );
  });

  it('is kept whatever the numbers beside it are', async () => {
    const numbers = [1e308, -1, 'soon\0', '\ud800'];
    const facts = numbers.map((each) => ({
      metrics: { inference_time: each, cost: `${each}`, remaining_credits: each },
      seed: each,
    }));
    await runs(
      facts.map((more) => completed(at('sound'), more)),
      kept,
    );
  });

  it.each(odd)('is made from a reference whose upload has %s in its address', async (label, text) => {
    const { characterId } = await dramatis.cast();
    const addresses = [`https://files.example/${text}`, `https://files.example/${'x'.repeat(9_000)}`, text];
    for (const [place, url] of addresses.entries()) {
      provider.upload = { body: { file_urls: [url] } };
      const number = odd.findIndex(([each]) => each === label) * 10 + place;
      await dramatis.addReference(characterId, 'FACE', `#${100_000 + number}`);
      cases += 1;
      const id = await dramatis.generate(characterId, `case ${cases}`);
      expect(await dramatis.settle(id)).toMatchObject(kept);
    }
    provider.upload = undefined;
    for (const { url } of await dramatis.database.query('SELECT url FROM provider_assets'))
      expect(url).toMatch(/^https?:[\x21-\x7e]+$/);
  });
});

describe('a token', () => {
  const ask = async (subject: string, more: object = {}) => {
    const key = await token(subject, { email: null, ...more });
    return dramatis.ask('{ projects(first: 1) { totalCount } }', {}, { key });
  };
  const users = async () => dramatis.database.query('SELECT subject, name, email FROM users ORDER BY id');

  it.each(odd.slice(1))('with %s in its subject is refused, and makes no user', async (_, text) => {
    const before = await users();
    for (const more of [{}, { name: 'Mara' }]) {
      const answer = await ask(text, more);
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    }
    expect(await users()).toEqual(before);
  });

  it.each(odd)('with %s in its name is taken; the name is repaired', async (label, text) => {
    expect((await ask(`named ${label}`, { name: text })).status).toBe(200);
    const [user] = (await users()).filter(({ subject }) => subject === `named ${label}`);
    expect(user?.name === null || /^a.{0,199}$/u.test(String(user?.name))).toBe(true);
    // The same token again finds the same user and changes nothing.
    expect((await ask(`named ${label}`, { name: text })).status).toBe(200);
  });

  it('names exactly one user or none, whatever is in it', async () => {
    const texts = randomTexts(7, isThorough ? 150 : 40).filter((text) => text.length < 2_000);
    const subjects = new Set<string>();
    for (const text of texts) {
      const subject = `s-${text}`;
      const { status } = await ask(subject, { name: text, email: `${text}@example.test` });
      expect([200, 401]).toContain(status);
      if (status === 200) subjects.add(subject);
    }
    const stored = (await users())
      .map(({ subject }) => String(subject))
      .filter((each) => each.startsWith('s-'));
    expect(new Set(stored)).toEqual(subjects);
    expect(subjects.size).toBeGreaterThan(isThorough ? 10 : 3);
    expect(subjects.size).toBeLessThan(texts.length);
  });
});

describe('a request', () => {
  it('with any text in its path, its query or its headers is answered, and never by an error of ours', async () => {
    const texts = [...odd.map(([, text]) => text), ...randomTexts(9, isThorough ? 80 : 15)].filter(
      (text) => text.length < 1_500,
    );
    const wrong: string[] = [];
    for (const text of texts) {
      const encoded = encodeURIComponent(text.toWellFormed());
      // Halves of pairs, as they would be in UTF-8.
      const raw = Buffer.from(text, 'latin1').toString('hex').replace(/../g, '%$&');
      const header = text.replace(/[^\x20-\x7e\xa0-\xff]/g, ' ').slice(0, 500);
      const variables = encodeURIComponent(JSON.stringify({ id: text, [text]: text }));
      const paths = [encoded, raw, '%ed%a0%80', `${encoded}%00`].flatMap((each) => [
        `/images/${each}`,
        `/images/${each}?sig=${each}&exp=${each}&w=${each}&f=${each}`,
        `/exports/ledger.csv?projectId=${each}`,
        `/exports/ledger.csv?from=${each}&${each}=1`,
        `/exports/${each}`,
        `/graphql?query=${each}&operationName=${each}`,
      ]);
      const documents = [
        `/graphql?query={a:__typename}&variables=${variables}`,
        `/graphql?documentId=${encoded}`,
      ];
      for (const path of [...paths, ...documents]) {
        const headers = {
          authorization: `Bearer ${adminKey}`,
          'apollo-require-preflight': '1',
          'user-agent': header,
          'x-forwarded-for': header,
          'if-none-match': header,
          accept: header || '*/*',
        };
        const { status } = await fetch(`${dramatis.url}${path}`, { headers });
        if (status >= 500) wrong.push(`${status} ${path}`);
      }
      const refused = await fetch(`${dramatis.url}/graphql`, {
        headers: { authorization: header, 'apollo-require-preflight': '1' },
      });
      if (refused.status !== 401) wrong.push(`${refused.status} ${encoded}`);
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});

it('any text leaves the meaning of an answer as it is, and no run stuck', async () => {
  await answerAnything(
    { dramatis, provider, begin: async (words) => (await begin(words)).id },
    isThorough ? 250 : 60,
  );
});
