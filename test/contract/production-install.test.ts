import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { z } from 'zod';

const manifest = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));
const lock = z
  .object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) })
  .parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));

/** What `npm prune --omit=dev` leaves; packages that are marked `devOptional` stay, whatever needs them. */
const kept = Object.entries(lock.packages)
  .filter(([path, { dev }]) => path.startsWith('node_modules/') && dev !== true)
  .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));

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
    const ofPrisma = kept.filter((name) => name === 'prisma' || name.startsWith('@prisma/'));
    expect(ofPrisma.toSorted()).toEqual([
      '@prisma/adapter-pg',
      '@prisma/debug',
      '@prisma/driver-adapter-utils',
    ]);
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
    expect(imported.filter((name) => !(name in manifest.dependencies))).toEqual([]);
  });
});
