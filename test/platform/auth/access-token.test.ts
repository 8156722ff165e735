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
import { createVerifyToken } from '../../../src/platform/auth/access-token.ts';

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
});

describe('with a key set at a URL', () => {
  const answers: { keys: JWK[]; status: number; asked: number } = { keys: [], status: 200, asked: 0 };
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((_, response) => {
      answers.asked += 1;
      response.writeHead(answers.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys: answers.keys }));
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
