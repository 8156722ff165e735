import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** The layers from the lowest to the highest, and the modules of the features from left to right. */
const layers = ['base', 'catalogue', 'platform', 'features', 'server', 'boot'];
const modules = [
  'access',
  'projects',
  'members',
  'api-keys',
  'audit',
  'provider',
  'provider-keys',
  'images',
  'image-models',
  'characters',
  'reference-images',
  'prices',
  'budgets',
  'ledger',
  'run-inputs',
  'generations',
  'database-review',
  'approvals',
  'requests',
  'outcomes',
  'worker',
  'incidents',
  'project-events',
  'spend',
  'reconciliation',
  'verification',
  'project-deletion',
  'people',
  'retention',
  'storage-sweep',
  'nodes',
];

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.includes('generated/'))
  .map((file) => ({ file, text: readFileSync(join('src', file), 'utf8') }));

function importsOf({ file, text }: { file: string; text: string }): string[] {
  return [...text.matchAll(/from '(\.[^']+)'|import '(\.[^']+)'/g)].map(([, from, bare]) =>
    relative('.', join(dirname(file), from ?? bare ?? '')),
  );
}

function layerOf(file: string): string {
  const [first = ''] = file.split('/');
  const base =
    'days durable-file errors kept-file log-output logger money settings/config settings/script-variables settings/setting-parsers text'.split(
      ' ',
    );
  if (base.some((name) => file === `${name}.ts`)) return 'base';
  if (['catalogue', 'platform', 'features', 'server', 'simulator', 'demo'].includes(first)) return first;
  return 'boot';
}

/** The tables and views that are the platform's own; all others are the product's. */
const platformTables = ['job_holders', 'settings', 'rate_limits'];
const schema = readFileSync('prisma/schema.prisma', 'utf8');
const tables = [...schema.matchAll(/@@map\("(\w+)"\)/g)].map(([, name = '']) => name);
const delegates = [...schema.matchAll(/^model (\w)(\w*) \{/gm)]
  .map(([, first = '', rest = '']) => first.toLowerCase() + rest)
  .filter((name) => !['setting', 'rateLimit'].includes(name));
/** A table in SQL or behind Prisma's client, or a word that only the product has. "Characters" are letters, too. */
const productWords = new RegExp(
  [
    `\\b(?:FROM|JOIN|INTO|UPDATE) (?:${tables.filter((name) => !platformTables.includes(name)).join('|')})\\b`,
    `\\b(?:db|tx|client|prisma)\\.(?:${delegates.join('|')})\\b`,
    '\\w*(?:generation|budget|approval|ledger|invitation|reference_?image)\\w*',
    'character_?id|\\bprojects?\\w*',
  ].join('|'),
  'gi',
);
/**
 * A project is the tenant: a key is for one, and events, pictures and notes are kept apart by it. So these may say
 * "project", also because the database's channel and the folders on the disk are named so.
 */
const tenantFiles =
  /^platform\/(auth\/(role|viewer|watch-viewer)|events\/|db\/connections\/(news|open)|storage\/(account-notes|blob-key|claim-storage|intent-notes|local-storage|put-blob|storage))/;
/** Files on the disk of each installation have this key. */
const wordsOfTheDisk = [
  'platform/storage/note-file.ts: generationId',
  'platform/storage/intent-notes.ts: generationId',
];

/** What the programs beside the server may import of it: how variables are called, and which ones are misspelled. */
const aboutVariables = ['settings/script-variables.ts', 'settings/near-misses.ts'];

describe('the modules', () => {
  it('import lower layers only; the simulator and the demo are programs of their own', () => {
    const wrong = files.flatMap((each) =>
      importsOf(each).flatMap((target) => {
        const [from, to] = [layerOf(each.file), layerOf(target)];
        if (each.file === `${from}/main.ts` && aboutVariables.includes(target)) return [];
        if (from === 'simulator')
          return to === 'simulator' || to === 'catalogue' ? [] : [`${each.file} -> ${target}`];
        if (from === 'demo')
          return to === 'demo' || target === 'money.ts' ? [] : [`${each.file} -> ${target}`];
        if (to === 'simulator') return from === 'boot' ? [] : [`${each.file} -> ${target}`];
        return layers.indexOf(from) >= layers.indexOf(to) && to !== 'demo'
          ? []
          : [`${each.file} -> ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('have no circle: no file imports itself through others', () => {
    const targets = new Map(files.map((each) => [each.file, importsOf(each)]));
    const open: string[] = [];
    const closed = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string) => {
      if (open.includes(file)) circles.push([...open.slice(open.indexOf(file)), file].join(' -> '));
      if (closed.has(file) || open.includes(file)) return;
      open.push(file);
      for (const target of targets.get(file) ?? []) visit(target);
      open.pop();
      closed.add(file);
    };
    for (const file of targets.keys()) visit(file);
    expect(circles).toEqual([]);
  });

  it('import, among the features, modules to the left only', () => {
    const moduleOf = (file: string) => modules.indexOf(file.split('/')[1] ?? '');
    const inModules = files.filter(({ file }) => layerOf(file) === 'features');
    expect(inModules.filter(({ file }) => moduleOf(file) === -1)).toEqual([]);
    const wrong = inModules.flatMap((each) =>
      importsOf(each)
        .filter((target) => layerOf(target) === 'features' && moduleOf(target) > moduleOf(each.file))
        .map((target) => `${each.file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('of the platform import the database and how it is read, and no other tool; the context knows all tools', () => {
    const toolOf = (file: string) => file.split('/')[1] ?? '';
    const wrong = files
      .filter(({ file }) => layerOf(file) === 'platform' && toolOf(file) !== 'context.ts')
      .flatMap((each) =>
        importsOf(each)
          .filter(
            (target) =>
              layerOf(target) === 'platform' && ![toolOf(each.file), 'db', 'reads'].includes(toolOf(target)),
          )
          .map((target) => `${each.file} -> ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('of the platform know nothing of the product: neither its tables nor its words', () => {
    const inPlatform = files.filter(
      // A global id names a type of the API, so the file of global ids lists these types.
      ({ file }) =>
        layerOf(file) === 'platform' &&
        !/^platform\/segmind\//.test(file) &&
        file !== 'platform/reads/global-id.ts',
    );
    const wrong = inPlatform.flatMap(({ file, text }) =>
      [...text.matchAll(productWords)]
        .filter(([word]) => !(word.toLowerCase().startsWith('project') && tenantFiles.test(file)))
        .map(([word]) => `${file}: ${word}`)
        .filter((each) => !wordsOfTheDisk.includes(each)),
    );
    expect([...new Set(wrong)]).toEqual([]);
    // What is allowed is still needed.
    for (const each of wordsOfTheDisk)
      expect(readFileSync(join('src', each.split(': ')[0] ?? ''), 'utf8')).toContain(each.split(': ')[1]);
  });

  it('that are resolvers import no tool', () => {
    const wrong = files
      .filter(({ file }) => /\.(resolver|subscription)\.ts$/.test(file))
      .flatMap((each) =>
        importsOf(each).filter((target) => /^platform\/(db|jobs|segmind|storage)\//.test(target)),
      );
    expect(wrong).toEqual([]);
  });

  it('have no file past 250 lines, no barrel, no default export, no loosened type', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 251).map(({ file }) => file);
    const barrels = files
      .filter(({ file, text }) => file.endsWith('index.ts') || /export \* from/.test(text))
      .map(({ file }) => file);
    const loose = files
      .filter(({ text }) => /: any(\[\])?[;,)=]|as any\b|@ts-ignore|export default/.test(text))
      .map(({ file }) => file);
    expect({ long, barrels, loose }).toEqual({ long: [], barrels: [], loose: [] });
  });

  it('have no folder with more than twenty files of its own', () => {
    const counts = new Map<string, number>();
    for (const { file } of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
  });

  it('connect to the database in one place', () => {
    const makers = files
      .filter(({ text }) => /new (pg\.)?(Client|PrismaPg)\(|new pg\.Pool\(|connectionString:/.test(text))
      .map(({ file }) => file);
    expect(makers).toEqual(['platform/db/connections/open.ts']);
    // Others take pg's types, or its query.
    const users = files.filter(({ text }) => /^import pg from 'pg'/m.test(text)).map(({ file }) => file);
    expect(users.sort()).toEqual([
      'platform/db/connections/open.ts',
      'platform/db/connections/silence.ts',
      'platform/reads/text-query.ts',
    ]);
  });

  it('read the environment in one place', () => {
    const readers = files
      .filter(({ text }) => /process\.env(?!\.NODE_ENV)/.test(text))
      .map(({ file }) => file)
      .sort();
    // The one that is loaded before a program, and the programs.
    expect(readers.filter((file) => !/(^|\/)main\.ts$/.test(file))).toEqual(['settings/load-env-file.ts']);
  });

  it('spells once what several parts share', () => {
    const having = (pattern: RegExp) =>
      files.filter(({ text }) => pattern.test(text)).map(({ file }) => file);
    expect({
      locks: having(/\b7_?236_?5\d\d\b|pg_(try_)?advisory_\w+\(\d/),
      nilId: having(/'0{8}-0{4}-0{4}-0{4}-0{12}'/),
      // The others read it beside other things, in one statement.
      settings: having(/SELECT value FROM settings/).sort(),
      missing: having(/'ENOENT'\) return null/).sort(),
    }).toEqual({
      locks: ['platform/db/locks.ts'],
      nilId: ['platform/db/nil-id.ts'],
      settings: [
        'features/database-review/prove-database.ts',
        'features/verification/pass-state.ts',
        'platform/db/settings.ts',
      ],
      // Kept files say more of other failures; stored bytes are a stream.
      missing: ['durable-file.ts', 'kept-file.ts', 'platform/storage/stored-bytes.ts'],
    });
  });
});
