import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { keptText } from '../src/kept-file.ts';
import { adminKey, imageSecret, masterKeys } from '../src/own-keys.ts';
import { connectDatabase } from '../src/platform/db/connect.ts';
import { createTestDatabase } from './support/database.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

const configured = [{ kid: '2026', bytes: Buffer.alloc(32, 7) }];

it('ten processes that start together get one text, which is whole and for its owner alone', async () => {
  const path = join(directory, 'key');
  const texts = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      keptText(path, { make: () => `made-${index}`, loss: 'nothing is lost' }),
    ),
  );
  expect(new Set(texts.map(({ text }) => text)).size).toBe(1);
  // One of them made it.
  expect(texts.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(await readFile(path, 'utf8')).toBe(`${texts[0]?.text}\n`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(['key']);
});

const cut = Buffer.alloc(20, 1).toString('base64');

it.each([
  ['admin-key', '', 'admin-key is empty.'],
  ['admin-key', ' \n\t\n', 'admin-key is empty.'],
  ['admin-key', 'dramatis_adm', 'admin-key is damaged: its key must have at least 16 characters.'],
  ['admin-key', `dramatis_admin_${'x'.repeat(31)}\n`, 'admin-key is damaged: its key is not whole.'],
  ['admin-key', '\ufeffa_key_with_a_byte_order_mark', null],
  ['admin-key', 'my own key of this installation', 'admin-key is damaged: its key must be printable ASCII'],
  ['admin-key', null, 'admin-key is a folder, and must be a file.'],
  ['key-encryption-key', '', 'key-encryption-key is empty.'],
  ['key-encryption-key', '\n\n', 'key-encryption-key is empty.'],
  ['key-encryption-key', cut, 'key-encryption-key is damaged: it must hold 32 bytes in base64.'],
  ['key-encryption-key', null, 'key-encryption-key is a folder, and must be a file.'],
])('%s with %j is refused by name, with what to do, and is left as it is', async (name, content, problem) => {
  const path = join(directory, name);
  if (content === null) await mkdir(path);
  else await writeFile(path, content);
  const read = () => (name === 'admin-key' ? adminKey(undefined, directory) : masterKeys([], directory));
  if (problem === null) {
    // `trim` takes the mark off.
    expect(await read()).toMatchObject({ key: 'a_key_with_a_byte_order_mark', isNew: false });
    return;
  }
  const sentence = await read().then(String, ({ message }: Error) => message);
  expect(sentence).toContain(`${directory}/${problem}`);
  expect(sentence).toContain('Restore it from a backup, or remove it to get a new one: then ');
  expect(sentence).not.toContain('\n');
  // The key itself is not told, not even what is left of it.
  if (content?.trim()) expect(sentence).not.toContain(content.trim());
  if (content !== null) expect(await readFile(path, 'utf8')).toBe(content);
  // Beside configured ones the file counts all the same: something may be sealed with it.
  if (name === 'key-encryption-key') await expect(masterKeys(configured, directory)).rejects.toThrow(path);
});

it('a key is made once, told to be new once, and kept', async () => {
  const path = join(directory, 'admin-key');
  const made = await adminKey(undefined, directory);
  expect(made).toMatchObject({ key: expect.stringMatching(/^dramatis_admin_.{32}$/), path, isNew: true });
  expect(await adminKey(undefined, directory)).toEqual({ ...made, isNew: false });
  expect(await adminKey('configured_key_0123', directory)).toEqual({
    key: 'configured_key_0123',
    path: null,
    isNew: false,
  });
  expect(await masterKeys(configured, directory)).toEqual(configured);
  const [master] = await masterKeys([], directory);
  expect(master.bytes).toHaveLength(32);
  expect(await masterKeys([], directory)).toEqual([master]);
  expect(await masterKeys(configured, directory)).toEqual([...configured, master]);
});

it('a key of an own choice is kept', async () => {
  await writeFile(join(directory, 'admin-key'), 'my-own-key-of-this-installation\n');
  expect(await adminKey(undefined, directory)).toMatchObject({ key: 'my-own-key-of-this-installation' });
});

it('a key in the database that is cut short signs nothing', async () => {
  const database = await createTestDatabase();
  const db = connectDatabase(database.url);
  try {
    const secret = await imageSecret(db);
    expect(secret.symmetricKeySize).toBe(32);
    expect((await imageSecret(db)).equals(secret)).toBe(true);
    for (const value of ['', 'abc', secret.export().toString('hex').slice(0, 40)]) {
      await database.query(`UPDATE settings SET value = '${value}' WHERE name = 'image-url-key'`);
      await expect(imageSecret(db)).rejects.toThrow(/^the row "image-url-key" .* Delete the row/);
    }
  } finally {
    await db.$disconnect();
    await database.drop();
  }
});
