import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from '@jest/globals';
import {
  compareDefinitions,
  describeDifferences,
} from '../../src/platform/db/definitions/compare-definitions.ts';
import { loadDefinitions } from '../../src/platform/db/definitions/load-definitions.ts';
import { readDefinitions } from '../../src/platform/db/definitions/read-definitions.ts';
import { openSession } from '../../src/platform/db/migrations/session.ts';
import { createTestDatabase } from '../support/database.ts';

const files = ['functions', 'triggers', 'views'].flatMap((folder) =>
  readdirSync(`prisma/${folder}`).map((name) => {
    const text = readFileSync(`prisma/${folder}/${name}`, 'utf8');
    return {
      file: `prisma/${folder}/${name}`,
      name: basename(name, '.sql'),
      text,
      code: text.replace(/^--.*$/gm, ''),
    };
  }),
);
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
  .map((file) => readFileSync(`src/${file}`, 'utf8'));
const isIn = (texts: readonly string[], name: string) =>
  texts.some((text) => new RegExp(`\\b${name}\\b`).test(text));

it('the migrated database holds what the files say; `npm run migration -- a_name` writes what leads there', async () => {
  const [migrated, scratch] = [await createTestDatabase(), await createTestDatabase()];
  const [session, other] = [await openSession(migrated.url), await openSession(scratch.url)];
  const kept = await loadDefinitions(other, 'prisma');
  expect(describeDifferences(compareDefinitions(await readDefinitions(session), kept))).toEqual([]);
  await Promise.all([session.end(), other.end()]);
  await Promise.all([migrated.drop(), scratch.drop()]);
});

it('each file says what it defines, why that is in SQL, and what calls it, by names that there are', () => {
  const header =
    /^-- [\s\S]+?\n--\n-- In SQL because [\s\S]+?\n-- ((?:Called by|Read by|Runs on) [\s\S]+?)\nCREATE /;
  const code = [...sources, ...files.map((each) => each.code)];
  const wrong = files.flatMap(({ file, text }) => {
    const callers = header.exec(text)?.[1];
    if (callers === undefined) return [`${file} has no such comment`];
    const names = [...callers.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    return names.filter((name) => !isIn(code, name)).map((name) => `${file} names ${name}`);
  });
  expect(wrong).toEqual([]);
});

it('no function and no view is there that nothing calls', () => {
  const schema = readFileSync('prisma/schema.prisma', 'utf8');
  const unused = files.filter((each) => {
    const others = files.filter((other) => other !== each).map(({ code }) => code);
    return !each.file.startsWith('prisma/triggers/') && !isIn([...sources, schema, ...others], each.name);
  });
  expect(unused.map(({ file }) => file)).toEqual([]);
});
