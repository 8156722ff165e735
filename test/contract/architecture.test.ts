import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** The floors from the ground up, and the rooms of the features from left to right. */
const floors = ['ground', 'catalogue', 'platform', 'features', 'server', 'boot'];
const rooms = [
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

function floorOf(file: string): string {
  const [first = ''] = file.split('/');
  const ground =
    'days durable-file errors kept-file log-output logger money settings/config settings/script-variables settings/setting-parsers text'.split(
      ' ',
    );
  if (ground.some((name) => file === `${name}.ts`)) return 'ground';
  if (['catalogue', 'platform', 'features', 'server', 'simulator', 'demo'].includes(first)) return first;
  return 'boot';
}

/** What the programs beside the server may import of it: how variables are called, and which ones are misspelled. */
const aboutVariables = ['settings/script-variables.ts', 'settings/near-misses.ts'];

describe('the house', () => {
  it('imports down only; the simulator and the demo stand beside it', () => {
    const wrong = files.flatMap((each) =>
      importsOf(each).flatMap((target) => {
        const [from, to] = [floorOf(each.file), floorOf(target)];
        if (each.file === `${from}/main.ts` && aboutVariables.includes(target)) return [];
        if (from === 'simulator')
          return to === 'simulator' || to === 'catalogue' ? [] : [`${each.file} -> ${target}`];
        if (from === 'demo')
          return to === 'demo' || target === 'money.ts' ? [] : [`${each.file} -> ${target}`];
        if (to === 'simulator') return from === 'boot' ? [] : [`${each.file} -> ${target}`];
        return floors.indexOf(from) >= floors.indexOf(to) && to !== 'demo'
          ? []
          : [`${each.file} -> ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('has no circle: no file imports, through whatever others, itself', () => {
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

  it('imports leftwards only among the features', () => {
    const roomOf = (file: string) => rooms.indexOf(file.split('/')[1] ?? '');
    const inRooms = files.filter(({ file }) => floorOf(file) === 'features');
    expect(inRooms.filter(({ file }) => roomOf(file) === -1)).toEqual([]);
    const wrong = inRooms.flatMap((each) =>
      importsOf(each)
        .filter((target) => floorOf(target) === 'features' && roomOf(target) > roomOf(each.file))
        .map((target) => `${each.file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps the tools of the platform apart: they know the database and how it is read, and the context knows them', () => {
    const toolOf = (file: string) => file.split('/')[1] ?? '';
    const wrong = files
      .filter(({ file }) => floorOf(file) === 'platform' && toolOf(file) !== 'context.ts')
      .flatMap((each) =>
        importsOf(each)
          .filter(
            (target) =>
              floorOf(target) === 'platform' && ![toolOf(each.file), 'db', 'reads'].includes(toolOf(target)),
          )
          .map((target) => `${each.file} -> ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('lets no resolver reach for the tools', () => {
    const wrong = files
      .filter(({ file }) => /\.(resolver|subscription)\.ts$/.test(file))
      .flatMap((each) =>
        importsOf(each).filter((target) => /^platform\/(db|jobs|segmind|storage)\//.test(target)),
      );
    expect(wrong).toEqual([]);
  });

  it('has no file past 250 lines, no barrel, no default export, no loosened type', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 251).map(({ file }) => file);
    const barrels = files
      .filter(({ file, text }) => file.endsWith('index.ts') || /export \* from/.test(text))
      .map(({ file }) => file);
    const loose = files
      .filter(({ text }) => /: any(\[\])?[;,)=]|as any\b|@ts-ignore|export default/.test(text))
      .map(({ file }) => file);
    expect({ long, barrels, loose }).toEqual({ long: [], barrels: [], loose: [] });
  });

  it('has no folder with more than twenty files of its own', () => {
    const counts = new Map<string, number>();
    for (const { file } of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
  });

  it('connects to the database in one place', () => {
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

  it('reads the environment in one place', () => {
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
