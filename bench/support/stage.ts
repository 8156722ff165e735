import { join } from 'node:path';
import { makeApiKey, withClient } from './client.ts';
import { type BenchPostgres, benchDirectory, startBenchPostgres } from './database.ts';
import { libraryProjectId } from './fill.ts';
import type { Target } from './questions.ts';
import { type BenchServer, type Rival, startDramatis, startRival } from './servers.ts';

/** A running server, with the header for its requests. */
export interface StagedServer extends Target {
  readonly pid: number;
  /** Stops the server before the stage ends. May be called twice. */
  stop(): Promise<void>;
}

interface DramatisOptions {
  /** The name of the server and of its data folder. */
  readonly name?: string;
  readonly environment?: Record<string, string>;
}

/** Postgres and the servers of one bench. Disposing the stage stops them, the last one first. */
export interface Stage extends AsyncDisposable {
  readonly postgres: BenchPostgres;
  /** Starts the shipped server. Its requests use an API key of a project. */
  dramatis(databaseUrl: string, options?: DramatisOptions): Promise<StagedServer>;
  rival(rival: Rival, databaseUrl: string, publicUrl?: string): Promise<StagedServer>;
}

/** Opens a stage: `await using stage = await openStage()`. */
export async function openStage(
  log: (line: string) => void = (line) => console.log(`  ${line}`),
): Promise<Stage> {
  const closing = new AsyncDisposableStack();
  const postgres = await startBenchPostgres(log);
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
    rival: async (...rival) => staged(await startRival(...rival)),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

/** Makes an API key that may read one project, and returns the `Authorization` header with it. */
export async function keyOf(databaseUrl: string, projectId: string): Promise<string> {
  return `Bearer ${await withClient(databaseUrl, (client) => makeApiKey(client, projectId))}`;
}
