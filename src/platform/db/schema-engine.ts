import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg';
import { adapterOf, openPool } from './connections/open.ts';

/*
 * Prisma's schema engine in WebAssembly writes new migrations, because then there is no binary to download. Its package
 * expects a bundler to load the module, so the module is instantiated here by hand. The engine cannot compare
 * with a database: it does not read Postgres' type `"char"` through the adapter. So the schema after the newest
 * migration is kept once, as `prisma/migrations/schema.prisma`, and the next migration begins there.
 * Migrations are applied without it, and their checksums do not cover it.
 */
const require = createRequire(import.meta.url);
/** Node has it, but its types come only with those of browsers, which are not loaded here. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    instantiate(module: Buffer, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
  };
};
let instance: Promise<unknown> | undefined;

async function instantiate(): Promise<void> {
  const path = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm');
  const { instance: made } = await WebAssembly.instantiate(await readFile(path), {
    './schema_engine_bg.js': engine,
  });
  engine.__wbg_set_wasm(made.exports);
  const start = made.exports.__wbindgen_start;
  if (typeof start === 'function') start();
}

/** Calls `use` with the engine on a database, and closes its connections afterwards. */
export async function withSchemaEngine<Result>(
  databaseUrl: string,
  use: (schemaEngine: SchemaEngine) => Promise<Result>,
): Promise<Result> {
  instance ??= instantiate();
  await instance;
  // The engine does not close its connections, so the pool is opened and closed here.
  const pool = openPool(databaseUrl, 'start');
  const adapter = bindMigrationAwareSqlAdapterFactory(adapterOf(pool));
  try {
    const schemaEngine = await engine.SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter);
    return await use(schemaEngine);
  } finally {
    await pool.end();
  }
}
