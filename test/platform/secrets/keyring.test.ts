import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { createKeyring, SecretUnreadable } from '../../../src/platform/secrets/keyring.ts';

const key = (kid: string) => ({ kid, bytes: randomBytes(32) });
const [old, recent] = [key('2025'), key('2026')];

it('opens what it sealed, for the same owner, and never seals the same text twice', async () => {
  const keyring = createKeyring([recent]);
  const [one, two] = [
    await keyring.seal('SG_secret', 'project-1'),
    await keyring.seal('SG_secret', 'project-1'),
  ];
  expect(await keyring.open(one, 'project-1')).toBe('SG_secret');
  expect(one).not.toBe(two);
  expect(Buffer.from(one, 'base64url').toString('latin1') + one).not.toContain('SG_secret');
});

it('does not open it for another owner, nor with another key of the same name, nor when it was touched', async () => {
  const keyring = createKeyring([recent]);
  const sealed = await keyring.seal('SG_secret', 'project-1');
  await expect(keyring.open(sealed, 'project-2')).rejects.toThrow(SecretUnreadable);
  await expect(createKeyring([key('2026')]).open(sealed, 'project-1')).rejects.toThrow(SecretUnreadable);
  // The header that names the owner is authenticated: it cannot be written anew.
  const [header = '', ...rest] = sealed.split('.');
  const forged = Buffer.from(
    Buffer.from(header, 'base64url').toString().replace('project-1', 'project-2'),
  ).toString('base64url');
  await expect(keyring.open([forged, ...rest].join('.'), 'project-2')).rejects.toThrow(SecretUnreadable);
  for (const nonsense of ['', 'a.b.c.d.e', `${sealed.slice(0, -4)}AAAA`, 'SG_secret']) {
    await expect(keyring.open(nonsense, 'project-1')).rejects.toThrow(SecretUnreadable);
  }
});

it('reads with old master keys, seals with the first, and tells what should be sealed anew', async () => {
  const before = createKeyring([old]);
  const after = createKeyring([recent, old]);
  const sealed = await before.seal('SG_secret', 'project-1');
  expect([before.isStale(sealed), after.isStale(sealed)]).toEqual([false, true]);
  expect(await after.open(sealed, 'project-1')).toBe('SG_secret');
  const again = await after.seal('SG_secret', 'project-1');
  expect(after.isStale(again)).toBe(false);
  await expect(before.open(again, 'project-1')).rejects.toThrow('"2026" is not in KEY_ENCRYPTION_KEYS');
});
