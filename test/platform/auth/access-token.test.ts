import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { Unavailable } from '../../../src/errors.ts';
import { createVerifyToken, readClaims } from '../../../src/platform/auth/access-token.ts';
import { isStorable } from '../../../src/platform/db/storable.ts';
import { isIdentity } from '../../../src/text.ts';
import { randomTexts } from '../../support/texts.ts';

const issuer = 'https://id.example.test';
const audience = 'dramatis';
const secret = 'a shared secret of enough characters';
const bytes = (text: string) => new TextEncoder().encode(text);

function claims(more: Record<string, unknown> = {}) {
  const exp = Math.floor(Date.now() / 1_000) + 600;
  return { iss: issuer, aud: audience, sub: 'mara', exp, email: 'Mara@Example.Test', name: 'Mara', ...more };
}

function sign(
  payload: object,
  key: Uint8Array | CryptoKey,
  header = { alg: 'HS256' } as { alg: string; kid?: string },
) {
  return new SignJWT({ ...payload }).setProtectedHeader(header).sign(key);
}

describe('with a shared secret', () => {
  const verify = createVerifyToken({ jwksUrl: undefined, secret, issuer, audience });

  it.each<[string, object, string]>([
    ['a wrong secret', claims(), 'another secret of enough characters'],
    ['another issuer', claims({ iss: 'https://evil.example.test' }), secret],
    ['no issuer', claims({ iss: undefined }), secret],
    ['another audience', claims({ aud: 'billing' }), secret],
    ['no audience', claims({ aud: undefined }), secret],
    ['an end in the past', claims({ exp: 1_700_000_000 }), secret],
    ['no end', claims({ exp: undefined }), secret],
    ['a start in the future', claims({ nbf: Math.floor(Date.now() / 1_000) + 600 }), secret],
    ['no subject', claims({ sub: undefined }), secret],
    ['an empty subject', claims({ sub: '' }), secret],
  ])('refuses %s', async (_, payload, key) => {
    expect(await verify(await sign(payload, bytes(key)))).toBeNull();
  });

  it('takes an end later than any that Postgres is told for a very late one', async () => {
    const verified = await verify(await sign(claims({ exp: 1e12 }), bytes(secret)));
    expect(verified?.expiresAt.toISOString()).toMatch(/^9999-/);
  });

  it('refuses a token without a signature, and text that is none', async () => {
    const unsigned = new UnsecuredJWT(claims()).encode();
    for (const text of [unsigned, 'a.b.c', '', 'x'.repeat(5_000)]) expect(await verify(text)).toBeNull();
  });

  it('reads who it is; an address counts unless the provider says that it is not verified', async () => {
    const read = async (more: object) => verify(await sign(claims({ ...more }), bytes(secret)));
    expect(await read({})).toMatchObject({
      issuer,
      subject: 'mara',
      email: 'mara@example.test',
      name: 'Mara',
    });
    expect(await read({ email_verified: true })).toMatchObject({ email: 'mara@example.test' });
    for (const unverified of [false, 'false', 'perhaps', 0]) {
      expect(await read({ email_verified: unverified })).toMatchObject({ email: null });
    }
    expect(await read({ email: 'nonsense', name: 7 })).toMatchObject({ email: null, name: null });
  });

  const parts = ['0000', '001b', '007f', '0085', '000a', '2028', '202e', 'fffd', 'd800', 'dfff'].map(
    (unit) => [unit, String.fromCharCode(Number.parseInt(unit, 16))] as const,
  );

  it.each(parts)('refuses a name of a user or of a key with U+%s in it', async (_, part) => {
    expect(await verify(await sign(claims({ sub: `a${part}b` }), bytes(secret)))).toBeNull();
    const header = { alg: 'HS256', kid: `a${part}b` };
    expect(await verify(await sign(claims(), bytes(secret), header))).toBeNull();
  });

  it.each(parts)('tells of no address with U+%s in it, and that it is a doubtful one', async (_, part) => {
    const read = await verify(await sign(claims({ email: `a${part}@example.test` }), bytes(secret)));
    expect(read).toMatchObject({ email: null, hasDoubtfulEmail: true });
  });

  it('refuses claims that are no UTF-8: two that differ would become one', async () => {
    const [head = '', body = ''] = (await sign(claims({ sub: 'mXra' }), bytes(secret))).split('.');
    for (const odd of ['m\xffra', 'm\xed\xa0\x80ra']) {
      const text = Buffer.from(body, 'base64url').toString('latin1').replace('mXra', odd);
      const unsigned = `${head}.${Buffer.from(text, 'latin1').toString('base64url')}`;
      const signature = createHmac('sha256', secret).update(unsigned).digest('base64url');
      expect(await verify(`${unsigned}.${signature}`)).toBeNull();
    }
  });

  it('repairs the name for people, and cuts it between characters', async () => {
    const read = async (name: string) => (await verify(await sign(claims({ name }), bytes(secret))))?.name;
    expect(await read('Mara\0\r\n \u202eLind\ud83d')).toBe('Mara Lind\ufffd');
    expect(await read('\0\u2028')).toBeNull();
    expect(await read(`a${'😀'.repeat(150)}`)).toBe(`a${'😀'.repeat(99)}`);
  });

  it('takes any claims at all without an error; what it takes can be stored as it is', async () => {
    const odd = (text: string) => ({
      protectedHeader: { alg: 'HS256', kid: text.slice(0, 300) },
      payload: claims({
        sub: text.slice(0, 300),
        name: text,
        email: text,
        email_verified: text,
        aud: [audience, text],
        [text]: text,
      }),
    });
    const texts = randomTexts(3, 10_000);
    const taken = texts.flatMap((text) => {
      const read = readClaims(odd(text));
      return read ? [{ ...read, text }] : [];
    });
    const isSound = ({ subject, name, email, text }: (typeof taken)[number]) =>
      subject === text &&
      isIdentity(subject) &&
      email === null &&
      (name === null || (isStorable(name) && name.length <= 200));
    expect(taken.filter((each) => !isSound(each))).toEqual([]);
    const sound = texts.filter((text) => text.length <= 255 && text !== '' && isIdentity(text));
    expect(taken).toHaveLength(sound.length);
    expect(sound.length).toBeGreaterThan(500);
    for (const text of randomTexts(4, 300)) {
      const { protectedHeader, payload } = odd(text);
      const read = await verify(await sign(payload, bytes(secret), protectedHeader));
      expect(read).toEqual(readClaims({ protectedHeader, payload }));
    }
  });
});

describe('with a key set at a URL', () => {
  const answers: { keys: JWK[]; status: number; asked: number; text: Buffer | null } = {
    keys: [],
    status: 200,
    asked: 0,
    text: null,
  };
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((_, response) => {
      answers.asked += 1;
      response.writeHead(answers.status, { 'content-type': 'application/json' });
      response.end(answers.text ?? JSON.stringify({ keys: answers.keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterAll(() => void server.close());

  async function keyPair(alg: string, kid: string) {
    const pair = await generateKeyPair(alg, { extractable: true });
    answers.keys.push({ ...(await exportJWK(pair.publicKey)), kid, alg });
    return pair;
  }

  it.each(['RS256', 'ES256', 'EdDSA'])('takes %s', async (alg) => {
    const { privateKey } = await keyPair(alg, alg);
    const verify = createVerifyToken({ jwksUrl: url, secret: undefined, issuer, audience });
    expect(await verify(await sign(claims(), privateKey, { alg, kid: alg }))).toMatchObject({
      subject: 'mara',
    });
  });

  it('refuses the public key taken for a secret, and a key that is not in the set', async () => {
    const { publicKey } = await keyPair('RS256', 'mine');
    const verify = createVerifyToken({ jwksUrl: url, secret: undefined, issuer, audience });
    const forged = await sign(claims(), bytes(await exportSPKI(publicKey)), { alg: 'HS256', kid: 'mine' });
    expect(await verify(forged)).toBeNull();
    const stranger = await generateKeyPair('RS256');
    expect(await verify(await sign(claims(), stranger.privateKey, { alg: 'RS256', kid: 'mine' }))).toBeNull();
    expect(
      await verify(await sign(claims(), stranger.privateKey, { alg: 'RS256', kid: 'other' })),
    ).toBeNull();
  });

  it('does not ask the provider again for every token of an unknown key', async () => {
    const verify = createVerifyToken({ jwksUrl: url, secret: undefined, issuer, audience });
    const { privateKey } = await generateKeyPair('RS256');
    answers.asked = 0;
    for (let round = 0; round < 50; round += 1) {
      await verify(await sign(claims(), privateKey, { alg: 'RS256', kid: `unknown-${round}` }));
    }
    expect(answers.asked).toBeLessThanOrEqual(2);
  });

  it.each<[string, (keys: string) => Buffer]>([
    ['larger than a key set is', (keys) => Buffer.from(keys.padEnd(1_100_000))],
    ['no UTF-8', (keys) => Buffer.from(keys.replace('}', ',"x":"\xff"}'), 'latin1')],
    ['no JSON', (keys) => Buffer.from(keys.replace('}', '\0}'))],
    ['HTML', () => Buffer.from('<html>')],
  ])('accepts no token by a key set that is %s, and says that it is away', async (_, make) => {
    const { privateKey } = await keyPair('ES256', 'odd');
    const verify = createVerifyToken({ jwksUrl: url, secret: undefined, issuer, audience });
    const text = await sign(claims(), privateKey, { alg: 'ES256', kid: 'odd' });
    answers.text = make(JSON.stringify({ keys: answers.keys }));
    await expect(verify(text)).rejects.toThrow(Unavailable);
    answers.text = Buffer.from(JSON.stringify({ keys: answers.keys }).padEnd(900_000));
    expect(await verify(text)).toMatchObject({ subject: 'mara' });
    answers.text = null;
    answers.keys.pop();
  });

  it('says that the provider is away when it is, which is not the token’s fault', async () => {
    const verify = createVerifyToken({ jwksUrl: url, secret: undefined, issuer, audience });
    const { privateKey } = await generateKeyPair('RS256');
    const text = await sign(claims(), privateKey, { alg: 'RS256', kid: 'mine' });
    answers.status = 500;
    await expect(verify(text)).rejects.toThrow(Unavailable);
    const nowhere = createVerifyToken({
      jwksUrl: 'http://127.0.0.1:1/jwks',
      secret: undefined,
      issuer,
      audience,
    });
    await expect(nowhere(text)).rejects.toThrow(Unavailable);
  });
});

it('takes no token at all where none is configured', async () => {
  const verify = createVerifyToken({
    jwksUrl: undefined,
    secret: undefined,
    issuer: undefined,
    audience: undefined,
  });
  expect(await verify(await sign(claims(), bytes(secret)))).toBeNull();
});
