import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { z } from 'zod';

const needs = z.record(z.string(), z.string()).default({});
const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({ dependencies: needs, optionalDependencies: needs, peerDependencies: needs }),
    ),
  })
  .parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));
const dependencies = Object.keys(lock.packages['']?.dependencies ?? {});

/** Where a package finds another one: in the nearest `node_modules`, from its own folder up. */
function find(name: string, from: string): string | undefined {
  const folders = from.split(/(?:^|\/)node_modules\//).slice(1);
  return folders
    .map((_, depth) => [...folders.slice(0, folders.length - depth), name])
    .concat([[name]])
    .map((names) => names.map((each) => `node_modules/${each}`).join('/'))
    .find((path) => path in lock.packages);
}

/**
 * What `npm prune --omit=dev` leaves for the server. npm keeps a peer that is there, also an optional one that is there for
 * development.
 */
function packagesKept(): string[] {
  const kept = new Set<string>();
  const visit = (name: string, from: string) => {
    const path = find(name, from);
    if (path === undefined || kept.has(path)) return;
    kept.add(path);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = lock.packages[path] ?? {};
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))
      visit(needed, path);
  };
  for (const name of dependencies) visit(name, '');
  const names = [...kept].map((path) => path.replace(/.*node_modules\//, ''));
  return [...new Set(names)].toSorted();
}

/** What only a build or a developer runs. Every other file may be loaded by a server. */
const tools = [
  'src/platform/db/new-migration.ts',
  'src/platform/db/schema-engine.ts',
  'src/server/explorer/bundle.ts',
];

/** Packages that the files import, through whatever other files, and do not contain. */
async function packagesOf(files: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [...files],
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'unused',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const imported = Object.values(metafile.outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ external, path }) => external && !path.startsWith('node:'))
    .map(({ path }) =>
      path
        .split('/')
        .slice(0, path.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return [...new Set(imported)].toSorted();
}

describe('a production install', () => {
  it('has nothing of Prisma but the adapter for pg, and no compiler or page', () => {
    const kept = packagesKept();
    expect(kept.length).toBeGreaterThan(150);
    const ofPrisma = kept.filter((name) => name === 'prisma' || name.startsWith('@prisma/'));
    expect(ofPrisma).toEqual(['@prisma/adapter-pg', '@prisma/debug', '@prisma/driver-adapter-utils']);
    expect(
      kept.filter((name) => /^(typescript|@typescript\/|esbuild$|react$|effect$|node$)/.test(name)),
    ).toEqual([]);
  });

  it('has every package that a server, the simulator, the demo or a verification imports', async () => {
    const files = globSync('src/**/*.ts', { exclude: ['src/platform/db/generated/**', ...tools] }).map(
      (file) => file.replace(/^src/, 'dist').replace(/ts$/, 'js'),
    );
    expect(files.length).toBeGreaterThan(200);
    const imported = await packagesOf(files);
    expect(imported.length).toBeGreaterThan(15);
    expect(imported.filter((name) => !dependencies.includes(name))).toEqual([]);
  });
});
