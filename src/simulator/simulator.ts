import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cataloguePrice, settle } from './billing.ts';
import type { Fault } from './faults.ts';
import type { Job } from './jobs.ts';
import { answerRequest } from './routes.ts';
import { type BillLine, openState } from './state.ts';
import type { LoggedRequest, World } from './world.ts';

export interface SimulatorOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** @default 0: any free port */
  readonly port?: number;
  /** How many times faster than the provider the simulator works. @default 1 */
  readonly speed?: number;
  /** The accepted keys. @default any key */
  readonly apiKeys?: readonly string[];
  /** The account that a key belongs to. @default all keys are of one account */
  readonly accounts?: (apiKey: string) => string;
  /** @default 100 dollars */
  readonly balanceMicros?: bigint;
  /** How long after its acceptance a job can be polled. @default one hour */
  readonly retentionMs?: number;
  /** The longest synchronous call, at speed 1; it is divided by the speed. @default 100 seconds */
  readonly syncLimitMs?: number;
  /** @default no limit */
  readonly requestsPerMinute?: number;
  readonly faults?: readonly Fault[];
  /** The price of a run in micro-dollars; called once for each request. @default `cataloguePrice` */
  readonly price?: (slug: string, body: Readonly<Record<string, unknown>>) => bigint;
  /** Whether responses contain the cost of a run. They always contain the balance. @default true */
  readonly reportsCost?: boolean;
  /** Whether there are lists of past runs. @default true */
  readonly hasHistory?: boolean;
  /** The folder that keeps jobs and uploads over a restart. @default memory only */
  readonly directory?: string;
  /** The base URL of the simulator's files. @default the address that it listens on */
  readonly publicUrl?: string;
  /** Returns a random number from 0 to 1, for seeds, ids and the rates of faults. @default Math.random */
  readonly chance?: () => number;
  readonly now?: () => number;
}

/** A running simulator of the provider. */
export interface Simulator {
  readonly url: string;
  /** The received requests, the oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** All charges. Every complete job is charged, also when it was never polled. */
  readonly bill: readonly BillLine[];
  readonly balanceMicros: bigint;
  /** All accepted jobs, the oldest first. */
  readonly jobs: ReadonlyMap<string, Job>;
  /** Can be changed while it runs. */
  readonly faults: Fault[];
  /** Can be changed while it runs. */
  hasHistory: boolean;
  /** Called before a request is answered. The answer waits for its promise. */
  onRequest: ((request: LoggedRequest) => Promise<void> | void) | undefined;
  close(): Promise<void>;
}

/** The most requests that are kept, so that the memory of a long-running simulator does not grow. */
const loggedRequests = 20_000;
const maxBodyBytes = 128 * 1024 * 1024;

/** Starts an HTTP server that behaves as the provider's documents say. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, now = Date.now, balanceMicros = 100_000_000n } = options;
  const state = openState(options.directory, balanceMicros);
  const requests: LoggedRequest[] = [];
  let url = '';
  const simulator: Simulator = {
    get url() {
      return url;
    },
    requests,
    get bill() {
      settle(world);
      return state.bill;
    },
    get balanceMicros() {
      settle(world);
      return state.balanceMicros;
    },
    jobs: state.jobs,
    faults: [...(options.faults ?? [])],
    hasHistory: options.hasHistory ?? true,
    onRequest: undefined,
    async close() {
      settle(world);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const world: World = {
    state,
    faults: simulator.faults,
    speed: options.speed ?? 1,
    apiKeys: options.apiKeys,
    accounts: options.accounts ?? (() => ''),
    retentionMs: options.retentionMs ?? 3_600_000,
    syncLimitMs: options.syncLimitMs ?? 100_000,
    requestsPerMinute: options.requestsPerMinute,
    price: options.price ?? cataloguePrice,
    reportsCost: options.reportsCost ?? true,
    hasHistory: () => simulator.hasHistory,
    chance: options.chance ?? Math.random,
    now,
    publicUrl: () => options.publicUrl ?? url,
  };
  const server = createServer((incoming, answer) => {
    readAll(incoming)
      .then(async (body) => {
        const path = incoming.url ?? '/';
        const request = {
          method: incoming.method ?? 'GET',
          path,
          headers: incoming.headers,
          body,
          at: now(),
        };
        requests.push(request);
        if (requests.length > loggedRequests) requests.shift();
        await simulator.onRequest?.(request);
        await answerRequest(world, request, answer);
      })
      .catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  url = `http://${host}:${(server.address() as AddressInfo).port}`;
  return simulator;
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBodyBytes) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
