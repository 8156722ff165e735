import pg from 'pg';
import { Dramatis, eventually } from './dramatis.ts';
import { mutate } from './people.ts';
import { type ReplicatedPostgres, startReplicatedPostgres } from './replica.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const admin = { key: 'test_admin_key_0123456789' };

/** Servers on a Postgres that a replica can replace, and a provider that tells of past runs only when it is asked to. */
export class BehindReplica {
  readonly postgres: ReplicatedPostgres;
  readonly dramatis: Dramatis;
  readonly servers: ServerProcess[] = [];
  projectId = '';
  characterId = '';

  private constructor(postgres: ReplicatedPostgres, dramatis: Dramatis) {
    this.postgres = postgres;
    this.dramatis = dramatis;
  }

  /** Starts the parts and one server for each of `roles`; the first answers clients. Makes a cast. */
  static async start(
    roles: readonly string[],
    environment: Record<string, string> = {},
  ): Promise<BehindReplica> {
    const postgres = await startReplicatedPostgres();
    const dramatis = await Dramatis.start({
      servers: 0,
      environment: {
        DATABASE_URL: postgres.url,
        SEGMIND_SUBMIT_TIMEOUT_MS: '90000',
        SEGMIND_SYNC_TIMEOUT_MS: '90000',
        RECONCILE_AFTER_MS: '200',
        ...environment,
      },
    });
    dramatis.environment.SEGMIND_GENERATIONS_URL = `${dramatis.simulator.url}/inference-request/request-history`;
    dramatis.simulator.hasHistory = false;
    const started = new BehindReplica(postgres, dramatis);
    started.servers.push(...(await Promise.all(roles.map((ROLE) => startServerProcess(dramatis, { ROLE })))));
    dramatis.url = started.servers[0]?.url ?? '';
    const { projectId, characterId } = await dramatis.cast();
    return Object.assign(started, { projectId, characterId });
  }

  async stop(): Promise<void> {
    await this.dramatis.stop();
    await this.postgres.stop();
  }

  /** Asks the primary of the moment. */
  async query(text: string, database = this.postgres.url): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: database });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** How many runs there are in each status. */
  async counts(): Promise<Record<string, unknown>> {
    const rows = await this.query('SELECT status, count(*)::int AS count FROM generations GROUP BY status');
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
  }

  /** Sets how many runs may be under way, also while the database is being replaced. */
  async limit(maxConcurrentGenerations: number): Promise<void> {
    const input = { id: this.projectId, maxConcurrentGenerations };
    await eventually('the limit to be set', () =>
      mutate(this.dramatis, admin, 'updateProjectLimits', input, 'project { id }').catch(() => null),
    );
  }

  /** Asks for runs that wait. */
  async queue(prompts: readonly string[]): Promise<void> {
    await this.limit(0);
    for (const prompt of prompts) await this.dramatis.generate(this.characterId, prompt);
  }

  /** Lets every run wait in the queue, with its slot and a wake-up that comes when so much time has passed. */
  async pause(seconds: number): Promise<void> {
    await this.query(`
      INSERT INTO provider_pauses (provider_account, model, reason, until)
      SELECT DISTINCT provider_account, '', 'RATE_LIMITED', now() + interval '${seconds} seconds' FROM generations`);
  }

  /** Holds the provider's answers to submits of such prompts until they are released. */
  hold(prompts: RegExp): () => void {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.dramatis.simulator.onRequest = ({ method, body }) =>
      method === 'POST' && prompts.test(body.toString()) ? released : undefined;
    return release;
  }

  /** Seeds that the provider was handed more than once: each run has its own. */
  get submittedTwice(): string[] {
    const seeds = [...this.dramatis.simulator.jobs.values()].map(({ body }) => JSON.stringify(body.seed));
    return seeds.filter((seed, index) => seeds.indexOf(seed) !== index);
  }

  /** What all servers have logged. */
  get log(): Record<string, unknown>[] {
    return this.servers.flatMap((server) => server.log);
  }

  /** Lets the provider tell of past runs until so many are complete. */
  async settle(completed: number): Promise<void> {
    this.dramatis.simulator.hasHistory = true;
    await eventually(`${completed} to be complete`, async () => {
      await this.dramatis.ask('mutation { reconcile(input: {}) { userErrors { code } } }');
      return (await this.counts()).COMPLETED === completed;
    });
  }
}
