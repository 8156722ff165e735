import { join } from 'node:path';
import { makeApiKey, withClient } from './client.ts';
import { type BenchPostgres, benchDirectory, startBenchPostgres } from './database.ts';
import { libraryProjectId } from './fill.ts';
import type { Target } from './questions.ts';
import { type BenchServer, type Rival, startDramatis, startRival } from './servers.ts';

/** A server, and how it is asked. */
export interface StagedServer extends Target {
  readonly pid: number;
  /** Before the stage's own end; stopping twice does no harm. */
  stop(): Promise<void>;
}

interface DramatisOptions {
  /** Also of its folder. */
  readonly name?: string;
  readonly environment?: Record<string, string>;
}

/** Postgres and the servers of one bench; all end with it, the last first. */
export interface Stage extends AsyncDisposable {
  readonly postgres: BenchPostgres;
  /** The shipped server, asked with an API key of a project. */
  dramatis(databaseUrl: string, options?: DramatisOptions): Promise<StagedServer>;
  rival(rival: Rival, databaseUrl: string): Promise<StagedServer>;
}

/** Opens a stage: `await using stage = await openStage()`. */
export async function openStage(
  tell: (line: string) => void = (line) => console.log(`  ${line}`),
): Promise<Stage> {
  const closing = new AsyncDisposableStack();
  const postgres = await startBenchPostgres(tell);
  closing.defer(() => postgres.stop());
  const staged = (server: BenchServer): BenchServer => {
    closing.defer(() => server.stop());
    return server;
  };
  return {
    postgres,
    async dramatis(databaseUrl, { name = 'dramatis', environment = {} } = {}) {
      const authorization = await keyOf(databaseUrl, libraryProjectId);
      const dataDirectory = join(benchDirectory, name);
      return {
        ...staged(await startDramatis(databaseUrl, { name, dataDirectory, environment })),
        authorization,
      };
    },
    rival: async (rival, databaseUrl) => staged(await startRival(rival, databaseUrl)),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

/** The `Authorization` header of a new API key that may read one project. */
export async function keyOf(databaseUrl: string, projectId: string): Promise<string> {
  return `Bearer ${await withClient(databaseUrl, (client) => makeApiKey(client, projectId))}`;
}
