import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from 'graphql-ws';
import sharp from 'sharp';
import { WebSocket } from 'ws';
import { boot, type Running } from '../../src/boot.ts';
import { createLogger } from '../../src/logger.ts';
import { readConfig } from '../../src/settings/config.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import type { DataOf, Right, VariablesOf } from './operations/read.ts';
import type { Inputs } from './operations/schema.ts';
import { tokenSettings } from './people.ts';
import { Secrets } from './secrets.ts';
import { seed } from './seed.ts';

export { eventually } from './eventually.ts';

export const adminKey = 'test_admin_key_0123456789';

/** What came back from a GraphQL request. */
export interface Answer<Data = unknown> {
  readonly status: number;
  readonly data: Data;
  readonly errors?: readonly {
    message: string;
    path?: (string | number)[];
    locations?: { line: number; column: number }[];
    extensions: { code: string; reference?: string };
  }[];
}

/** Where a request goes, and with which key: to the first server and with the administrator's, if nothing else is said. */
export interface Target {
  readonly url?: string;
  readonly key?: string;
}

/** Any text, once the type of its answer is given. */
type Said<Data> = [Data] extends [never] ? never : string;

/** A whole Dramatis on real parts: its own database, its own simulator, HTTP and WebSocket on loopback. */
export class Dramatis {
  readonly #closers: (() => Promise<unknown>)[] = [];
  readonly database: TestDatabase;
  readonly simulator: Simulator;
  readonly environment: Record<string, string>;
  /** What must not be found anywhere when this ends. */
  readonly secrets = new Secrets();
  url = '';

  private constructor(database: TestDatabase, simulator: Simulator, environment: Record<string, string>) {
    this.database = database;
    this.simulator = simulator;
    this.environment = environment;
  }

  /** Starts the parts, and a server in this process unless `servers` is 0. */
  static async start(
    options: {
      simulator?: SimulatorOptions;
      environment?: Record<string, string>;
      servers?: 0 | 1;
      timeZone?: string;
    } = {},
  ): Promise<Dramatis> {
    const database = await createTestDatabase(undefined, options.timeZone);
    const simulator = await startSimulator({ speed: 200, ...options.simulator });
    const dataDirectory = await mkdtemp(join(tmpdir(), 'dramatis-data-'));
    const dramatis = new Dramatis(database, simulator, {
      DATABASE_URL: database.url,
      DATA_DIR: dataDirectory,
      ADMIN_API_KEY: adminKey,
      SEGMIND_API_KEY: 'SG_0123456789abcdef',
      SEGMIND_BASE_URL: simulator.url,
      SEGMIND_POLL_MIN_MS: '50',
      SEGMIND_POLL_MAX_MS: '300',
      // Accounts are compared when a test asks for it.
      RECONCILE_EVERY_MS: '86400000',
      EXECUTOR: process.env.TEST_EXECUTOR ?? 'compiled',
      LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
      PORT: '0',
      ...tokenSettings,
      ...options.environment,
    });
    dramatis.#closers.push(() => rm(dataDirectory, { recursive: true, force: true }));
    dramatis.#closers.push(() => database.drop());
    dramatis.#closers.push(() => simulator.close());
    if (options.servers !== 0) dramatis.url = (await dramatis.startServer()).url ?? '';
    return dramatis;
  }

  /** Starts another server of this process on the same parts. */
  async startServer(environment: Record<string, string> = {}): Promise<Running> {
    const config = readConfig({ ...this.environment, ...environment });
    for (const name of ['SEGMIND_API_KEY', 'ADMIN_API_KEY', 'AUTH_JWT_SECRET'] as const)
      this.secrets.keep(config[name]);
    for (const { bytes } of config.KEY_ENCRYPTION_KEYS) this.secrets.keep(bytes.toString('base64'));
    // Everything is logged, and looked through at the end; it is shown only when asked for.
    const log = process.env.TEST_LOG_LEVEL
      ? createLogger(config.LOG_LEVEL)
      : createLogger('trace', { write: (line) => this.secrets.said('log', line) });
    const running = await boot(config, log);
    let isStopped = false;
    const stop = async () => {
      if (!isStopped) await running.stop();
      isStopped = true;
    };
    this.#closers.push(stop);
    return { ...running, stop };
  }

  /** Something else to end with the rest. */
  onStop(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  async stop(): Promise<void> {
    const closers = this.#closers.splice(0).reverse();
    // The database goes near the end: what was written by then is looked through before.
    const drop = closers.splice(-2);
    for (const close of closers) await close();
    try {
      await this.secrets.search(this.database);
    } finally {
      for (const close of drop) await close();
    }
  }

  /**
   * Sends an operation. The compiler reads from its text what it answers, and refuses names that the schema does not have.
   * For a text that is not known before the test runs, or that is wrong on purpose, say what it answers: `ask<Data>(text)`.
   */
  ask<Data = never>(query: Said<Data>, variables?: object, target?: Target): Promise<Answer<Data>>;
  ask<const Text extends string>(
    query: Text & Right<Text>,
    variables?: VariablesOf<Text>,
    target?: Target,
  ): Promise<Answer<DataOf<Text>>>;
  ask(query: string, variables?: object, target?: Target): Promise<Answer> {
    return this.send(query, variables, target);
  }

  /** The same, where anything but success is a mistake of the test. */
  get<Data = never>(query: Said<Data>, variables?: object, target?: Target): Promise<Data>;
  get<const Text extends string>(
    query: Text & Right<Text>,
    variables?: VariablesOf<Text>,
    target?: Target,
  ): Promise<DataOf<Text>>;
  async get(query: string, variables?: object, target?: Target): Promise<unknown> {
    const { data, errors } = await this.send(query, variables, target);
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  /** Sends any text; `Data` is what the caller expects of it. */
  async send<Data>(
    query: string,
    variables: object = {},
    { url = this.url, key = adminKey }: Target = {},
  ): Promise<Answer<Data>> {
    const body = JSON.stringify({ query, variables });
    this.secrets.keep(key);
    this.secrets.sent(body);
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body,
    });
    const text = await response.text();
    this.secrets.said('answer', text);
    return { status: response.status, ...(JSON.parse(text) as Omit<Answer<Data>, 'status'>) };
  }

  connect({ url = this.url, key = adminKey } = {}): Client {
    this.secrets.keep(key);
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${key}` },
      retryAttempts: 0,
      on: { message: (message) => this.secrets.said('socket', JSON.stringify(message)) },
    });
    this.#closers.push(async () => client.dispose());
    return client;
  }

  /** A project with one character who has a FACE and a POSE reference: what a run is asked for with. */
  cast(character: Partial<Inputs['CreateCharacterInput']> = {}) {
    return seed(this).project().character(character).face().pose().make();
  }

  async addReference(characterId: string, kind: string, colour: string): Promise<string> {
    const base64 = (await picture(colour)).toString('base64');
    const { addReferenceImage } = await this.get(
      'mutation ($input: AddReferenceImageInput!) { addReferenceImage(input: $input) { referenceImage { id } userErrors { message } } }',
      { input: { characterId, kind, source: { base64 } } },
    );
    return addReferenceImage.referenceImage.id;
  }

  /** Asks for a run of the first model; `prompt` may hold the simulator's markers. */
  async generate(
    characterId: string,
    prompt = 'at the sea',
    more: object = {},
    target: { url?: string } = {},
  ): Promise<string> {
    const { generate } = await this.get(
      generateMutation,
      { input: { characterId, model: { consistentCharacter: { prompt } }, ...more } },
      target,
    );
    if (!generate.generation) throw new Error(JSON.stringify(generate.userErrors));
    return generate.generation.id;
  }

  /** Follows a run to its rest; resolves to every state it went through. */
  async follow(id: string, target: { url?: string } = {}): Promise<GenerationState[]> {
    const client = this.connect(target);
    const states: GenerationState[] = [];
    for await (const { data, errors } of client.iterate<{ generationUpdated: GenerationState }>({
      query: `subscription ($id: ID!) { generationUpdated(id: $id) { ${generationFields} } }`,
      variables: { id },
    })) {
      if (errors) throw new Error(JSON.stringify(errors));
      if (data) states.push(data.generationUpdated);
    }
    await client.dispose();
    return states;
  }

  /** The run's last state. */
  async settle(id: string, target: { url?: string } = {}): Promise<GenerationState> {
    const last = (await this.follow(id, target)).at(-1);
    if (!last) throw new Error('The subscription ended without a state.');
    return last;
  }
}

const generationFields = `id status prompt cost seed isSlow inferenceSeconds providerRequestId requestedAt submittedAt startedAt
  finishedAt cancelRequestedAt parameters failure { code message retryable } outputProblems { index code }
  images { index image { id url width height contentType sizeBytes sha256 } }`;

export interface GenerationState {
  readonly id: string;
  readonly status: string;
  readonly prompt: string | null;
  readonly cost: string | null;
  readonly seed: number;
  readonly isSlow: boolean;
  readonly inferenceSeconds: number | null;
  readonly providerRequestId: string | null;
  readonly submittedAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly cancelRequestedAt: string | null;
  readonly parameters: Record<string, unknown>;
  readonly failure: { code: string; message: string; retryable: boolean } | null;
  readonly outputProblems: { index: number; code: string }[];
  readonly images: {
    index: number;
    image: {
      id: string;
      url: string;
      width: number;
      height: number;
      contentType: string;
      sizeBytes: number;
      sha256: string;
    };
  }[];
}

export const generateMutation = `mutation ($input: GenerateInput!) {
  generate(input: $input) { generation { id status prompt seed parameters } userErrors { code message path } } }`;

/** A small real picture. */
export function picture(background: string, size = 96): Promise<Buffer> {
  return sharp({ create: { width: size, height: size, channels: 3, background } })
    .png()
    .toBuffer();
}
