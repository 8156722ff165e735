import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { signImageUrl, verifyImageUrl } from '../../../src/features/images/image-url.ts';
import { signOutputUrl, verifyOutputUrl } from '../../../src/features/images/output-url.ts';

const secret = createSecretKey(randomBytes(32));
const publicUrl = 'https://cast.example/pictures';
const now = new Date('2026-03-01T12:00:00Z');
const lifetimeMs = 86_400_000;
const imageId = randomUUID();

function signed(width: number | null = null, format: string | null = null, at = now): URL {
  return new URL(signImageUrl(secret, { publicUrl, imageId, width, format, now: at, lifetimeMs }));
}
const verify = (url: URL, id = imageId, at = now, by = secret) =>
  verifyImageUrl(by, { imageId: id, query: url.searchParams, now: at });
const invalid = { isValid: false, reason: 'INVALID' };
function changed(url: URL, name: string, value: string | null): URL {
  const other = new URL(url);
  if (value === null) other.searchParams.delete(name);
  else other.searchParams.set(name, value);
  return other;
}

describe('the address of a picture', () => {
  it.each([
    [null, null, null],
    [16, 'WEBP', 'webp'],
    [4096, 'ORIGINAL', 'original'],
    [null, 'AVIF', 'avif'],
  ] as const)('of width %p as %p says so, below the path of the installation', (width, format, told) => {
    const url = signed(width, format);
    expect([url.origin, url.pathname]).toEqual(['https://cast.example', `/pictures/images/${imageId}`]);
    expect([url.searchParams.get('w'), url.searchParams.get('f')]).toEqual([width && String(width), told]);
    expect(verify(url)).toEqual({
      isValid: true,
      width,
      format,
      expiresAt: new Date('2026-03-03T00:00:00Z'),
    });
  });

  it('is good for one picture, one width and one format, as we gave it out', () => {
    const url = signed(64, 'WEBP');
    expect(verify(url, randomUUID())).toEqual(invalid);
    expect(verify(url, imageId, now, createSecretKey(randomBytes(32)))).toEqual(invalid);
    for (const [name, value] of [
      ['w', '65'],
      ['w', null],
      ['w', 'NaN'],
      ['f', 'png'],
      ['f', null],
      ['exp', '9999999999'],
      ['exp', null],
      ['sig', null],
      ['sig', 'AAAA'],
    ] as const)
      expect([name, value, verify(changed(url, name, value))]).toEqual([name, value, invalid]);
    // A width is not the format of an address without one, though both are signed as texts.
    expect(verify(changed(signed(64), 'f', 'webp'))).toEqual(invalid);
  });

  it('of a format that there is not is refused, though the signature is ours', () => {
    expect(verify(signed(null, 'BMP'))).toEqual(invalid);
  });

  it('is the same for a while, good for a lifetime at least, and expires', () => {
    const later = new Date('2026-03-01T23:59:59.999Z');
    expect(signed(null, null, later).href).toBe(signed().href);
    expect(signed(null, null, new Date('2026-03-02T00:00:00Z')).href).not.toBe(signed().href);
    expect(verify(signed(), imageId, new Date('2026-03-02T23:59:59.999Z'))).toMatchObject({ isValid: true });
    expect(verify(signed(), imageId, new Date('2026-03-03T00:00:00Z'))).toEqual({
      isValid: false,
      reason: 'EXPIRED',
    });
  });
});

it('the address of a kept output is good for that output, and neither kind of address stands for the other', () => {
  const url = new URL(signOutputUrl(secret, { publicUrl, generationId: imageId, index: 0, now, lifetimeMs }));
  expect(url.pathname).toBe(`/pictures/outputs/${imageId}/0`);
  const asked = { generationId: imageId, query: url.searchParams, now };
  expect(verifyOutputUrl(secret, { ...asked, index: 0 })).toMatchObject({ isValid: true });
  expect(verifyOutputUrl(secret, { ...asked, index: 1 })).toEqual(invalid);
  expect(verifyOutputUrl(secret, { ...asked, index: 0, generationId: randomUUID() })).toEqual(invalid);
  expect(verify(url)).toEqual(invalid);
  expect(verifyOutputUrl(secret, { ...asked, query: signed().searchParams, index: 0 })).toEqual(invalid);
});
