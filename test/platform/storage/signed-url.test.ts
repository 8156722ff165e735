import { createHmac, createSecretKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { signImageUrl, verifyImageUrl } from '../../../src/features/images/image-url.ts';
import { signOutputUrl, verifyOutputUrl } from '../../../src/features/images/output-url.ts';
import { signPersonUrl, verifyPersonUrl } from '../../../src/features/people/person-url.ts';

const secretOf = (byte: number) => createSecretKey(Buffer.alloc(32, byte));
const secret = secretOf(7);
const imageId = '01a1fc3c-7fbb-72bf-b629-e612bbacff0a';
const lifetimeMs = 3_600_000;
const at = (milliseconds: number) => new Date(milliseconds);
const sign = (now: Date, width: number | null = 64, format: string | null = 'WEBP') =>
  new URL(signImageUrl(secret, { publicUrl: 'http://host', imageId, width, format, now, lifetimeMs }));
const verify = (url: URL, now: Date, key = secret, id = imageId) =>
  verifyImageUrl(key, { imageId: id, query: url.searchParams, now });

it.each(['w', 'f', 'exp', 'sig'])('a changed or missing %s is not ours', (name) => {
  const url = sign(at(0));
  url.searchParams.set(name, '65');
  expect(verify(url, at(0))).toEqual({ isValid: false, reason: 'INVALID' });
  url.searchParams.delete(name);
  expect(verify(url, at(0))).toEqual({ isValid: false, reason: 'INVALID' });
});

it('neither is one for another picture or with another key', () => {
  expect(verify(sign(at(0)), at(0), secretOf(8)).isValid).toBe(false);
  expect(verify(sign(at(0)), at(0), secret, imageId.replace('01a1', '01a2')).isValid).toBe(false);
});

it('is the same for everyone within a window, good for at least its life, and then expires', () => {
  expect(sign(at(1_000)).href).toBe(sign(at(lifetimeMs - 1)).href);
  const url = sign(at(lifetimeMs - 1));
  expect(verify(url, at(2 * lifetimeMs - 2))).toMatchObject({ isValid: true, width: 64, format: 'WEBP' });
  expect(verify(url, at(2 * lifetimeMs))).toEqual({ isValid: false, reason: 'EXPIRED' });
});

it('carries what was left out as null', () => {
  expect(verify(sign(at(0), null, null), at(0))).toMatchObject({ isValid: true, width: null, format: null });
});

it.each([
  ['http://host', 64, 'WEBP'],
  ['http://host', null, null],
  ['https://cast.example/below', 4096, null],
  ['https://xn--r8jz45g.example/a%20b', null, 'ORIGINAL'],
])('is the address that URL writes below %s', (publicUrl, width, format) => {
  const url = new URL(`${publicUrl}/images/${imageId}`);
  if (width !== null) url.searchParams.set('w', String(width));
  if (format !== null) url.searchParams.set('f', format.toLowerCase());
  const signed = `${imageId}\n${width ?? ''}\n${format ?? ''}\n7200`;
  url.searchParams.set('exp', '7200');
  url.searchParams.set('sig', createHmac('sha256', secret).update(signed).digest('base64url'));
  expect(signImageUrl(secret, { publicUrl, imageId, width, format, now: at(5), lifetimeMs })).toBe(url.href);
});

describe('the address of a kept output', () => {
  const generationId = imageId;
  const url = new URL(
    signOutputUrl(secret, { publicUrl: 'http://host', generationId, index: 1, now: at(0), lifetimeMs }),
  );
  const verifyOutput = (now: Date, index = 1, id = generationId, key = secret) =>
    verifyOutputUrl(key, { generationId: id, index, query: url.searchParams, now });

  it('names the run and the place, and expires', () => {
    expect(url.pathname).toBe(`/outputs/${generationId}/1`);
    expect(verifyOutput(at(lifetimeMs))).toEqual({ isValid: true, expiresAt: at(2 * lifetimeMs) });
    expect(verifyOutput(at(2 * lifetimeMs))).toEqual({ isValid: false, reason: 'EXPIRED' });
  });

  it('is good for nothing else: not another place, run, key or a picture', () => {
    const invalid = { isValid: false, reason: 'INVALID' };
    expect(verifyOutput(at(0), 0)).toEqual(invalid);
    expect(verifyOutput(at(0), 1, generationId.replace('01a1', '01a2'))).toEqual(invalid);
    expect(verifyOutput(at(0), 1, generationId, secretOf(8))).toEqual(invalid);
    expect(verify(url, at(0))).toEqual(invalid);
  });
});

it('an address of a person leads to one, until its moment, and to no picture', () => {
  const expiresAt = at(60_000);
  const url = new URL(signPersonUrl(secret, { publicUrl: 'http://host', userId: imageId, expiresAt }));
  const query = url.searchParams;
  const open = (userId: string, now: Date) => verifyPersonUrl(secret, { userId, query, now });
  expect(open(imageId, at(59_000))).toEqual({ isValid: true, expiresAt });
  expect(open(imageId, at(60_000))).toEqual({ isValid: false, reason: 'EXPIRED' });
  expect(open(imageId.replace('01a1', '01a2'), at(0))).toEqual({ isValid: false, reason: 'INVALID' });
  expect(verify(url, at(0)).isValid).toBe(false);
});
