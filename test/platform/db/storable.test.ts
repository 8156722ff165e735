import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isStorable, storableJson } from '../../../src/platform/db/storable.ts';
import { isIdentity, oneLine } from '../../../src/text.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { randomTexts } from '../../support/texts.ts';

let database: TestDatabase;
const texts = randomTexts(2, 10_000);

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('CREATE TABLE kept (place int PRIMARY KEY, plain text, json jsonb)');
  // What JSON one text is, as the client spelled it: null where `jsonb` refuses it.
  await database.query(`CREATE FUNCTION try_jsonb(spelled text) RETURNS jsonb LANGUAGE plpgsql AS $$
    BEGIN RETURN spelled::jsonb; EXCEPTION WHEN untranslatable_character OR invalid_text_representation THEN RETURN NULL; END $$`);
});
afterAll(() => database.drop());

describe('isStorable', () => {
  it('is exactly what both a text column and a jsonb column give back as it was', async () => {
    const storable = texts.filter(isStorable);
    await database.query(
      `INSERT INTO kept SELECT place, plain, spelled::jsonb
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY each(plain, spelled, place)`,
      [storable, storable.map((text) => JSON.stringify({ text }))],
    );
    const rows = await database.query("SELECT plain, json->>'text' AS json FROM kept ORDER BY place");
    expect(rows.filter(({ plain, json }, place) => plain !== storable[place] || json !== plain)).toEqual([]);
    expect(storable.length).toBeGreaterThan(2_000);

    const others = texts.filter((text) => !isStorable(text));
    const [refused] = await database.query(
      'SELECT count(*)::int AS count FROM unnest($1::text[]) spelled WHERE try_jsonb(spelled) IS NULL',
      [others.map((text) => JSON.stringify(text))],
    );
    expect(refused?.count).toBe(others.length);
    expect(others.length).toBeGreaterThan(2_000);
    for (const text of others.slice(0, 300)) {
      const kept = await database.query('SELECT $1::text AS plain', [text]).catch(() => []);
      expect(kept[0]?.plain).not.toBe(text);
    }
  });

  it('holds for every identity and every line of prose', () => {
    expect(texts.filter((text) => isIdentity(text) && !isStorable(text))).toEqual([]);
    expect(texts.filter((text) => !isStorable(oneLine(text)))).toEqual([]);
  });
});

describe('storableJson', () => {
  it('is JSON that jsonb takes, and the very same where nothing had to be changed', async () => {
    const values = texts.map((text) => ({ set: { words: text, list: [{ index: 0, url: text }] } }));
    const [taken] = await database.query(
      'SELECT count(*)::int AS count FROM unnest($1::text[]) spelled WHERE try_jsonb(spelled) IS NOT NULL',
      [values.map(storableJson)],
    );
    expect(taken?.count).toBe(texts.length);
    const same = values.filter(({ set }) => isStorable(set.words));
    expect(same.filter((value) => storableJson(value) !== JSON.stringify(value))).toEqual([]);
  });

  it.each([
    ['a\0b\ud800', 'a\ufffdb\ufffd'],
    ['\\u0000 \\ud800', '\\u0000 \\ud800'],
    ['\\\0', '\\\ufffd'],
  ])('%j is kept as %j', (text, kept) => {
    expect(JSON.parse(storableJson({ text }))).toEqual({ text: kept });
  });
});
