import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { builtEnvironment } from '../support/built.ts';
import { adminKey } from './ask.ts';
import { type Chance, pick } from './chance.ts';

/** One life of a server process. */
interface Life {
  readonly number: number;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  readonly startedAt: number;
  url: string | null;
}

/** Tells the provider which life of which server asks: evidence of what a kill has hit. */
const tagRequests = `import { subscribe } from 'node:diagnostics_channel';
subscribe('undici:request:create', ({ request }) => request.addHeader('x-server', process.env.STORM_LIFE));`;

/** Server processes that are started again whenever they die. */
export class Servers {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #chance: Chance;
  readonly #alive = new Set<Life>();
  #lives = 0;
  kills = 0;
  #isStopping = false;
  /** When each life was ended, by its number. */
  readonly deaths = new Map<number, number>();
  /** How long it took from the start of a process until it answered, in milliseconds. */
  readonly startTimes: number[] = [];
  /** What the servers' log says went wrong, and how often, to explain a failure. */
  readonly complaints = new Map<string, number>();
  /** Starts that failed, as they do on a database that recovers. */
  failedStarts = 0;
  /** The last lines of servers that had answered, and ended without being killed. */
  readonly accidents: string[] = [];

  constructor(environment: Readonly<Record<string, string>>, chance: Chance) {
    this.#environment = environment;
    this.#chance = chance;
  }

  /** Where those listen that answer now. */
  get urls(): string[] {
    return [...this.#alive].flatMap(({ url }) => url ?? []);
  }

  /** Starts a server that comes back until all are stopped. */
  start(): void {
    if (this.#isStopping) return;
    this.#lives += 1;
    const number = this.#lives;
    const child = spawn(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(tagRequests)}`, 'dist/main.js'],
      {
        env: { ...builtEnvironment, ...this.#environment, STORM_LIFE: String(number) },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const life: Life = { number, child, exited, startedAt: performance.now(), url: null };
    this.#alive.add(life);
    let lastWords = '';
    child.stderr.on('data', (text) => {
      lastWords = String(text).slice(-500);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, message = ''] = /"err":\{.*?"message":"((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
      if (message !== '') this.complaints.set(message, (this.complaints.get(message) ?? 0) + 1);
      const url = /"url":"(http[^"]+)".*"msg":"listening"/.exec(line)?.[1];
      if (url === undefined) return;
      life.url = url;
      this.startTimes.push(performance.now() - life.startedAt);
    });
    void exited.then(() => {
      this.#alive.delete(life);
      if (!this.deaths.has(number)) {
        this.deaths.set(number, Date.now());
        if (life.url === null) this.failedStarts += 1;
        else this.accidents.push(lastWords.trim());
      }
      // One that cannot start, because the database is away, must not spin.
      setTimeout(() => this.start(), life.url === null ? 500 : 0);
    });
  }

  /** Kills one without mercy: of those that answer, if any does. */
  kill(): void {
    const lives = [...this.#alive].filter(({ number }) => !this.deaths.has(number));
    const answering = lives.filter(({ url }) => url !== null);
    const victim = pick(this.#chance, answering.length > 0 ? answering : lives);
    if (!victim) return;
    this.deaths.set(victim.number, Date.now());
    victim.url = null;
    this.kills += 1;
    victim.child.kill('SIGKILL');
  }

  /** Ends them all, for good. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const lives = [...this.#alive];
    for (const { number, child } of lives) {
      this.deaths.set(number, Date.now());
      child.kill('SIGKILL');
    }
    await Promise.all(lives.map(({ exited }) => exited));
  }
}

interface Whereabouts {
  readonly databaseUrl: string;
  readonly providerUrl: string;
  readonly dataDirectory: string;
  readonly transport: string;
}

/** What the servers are told: where the parts are, and to be quick. */
export function environmentOf({ databaseUrl, providerUrl, dataDirectory, transport }: Whereabouts) {
  return {
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDirectory,
    SEGMIND_TRANSPORT: transport,
    ADMIN_API_KEY: adminKey,
    SEGMIND_API_KEY: 'SG_0123456789abcdef',
    SEGMIND_BASE_URL: providerUrl,
    SEGMIND_GENERATIONS_URL: `${providerUrl}/inference-request/request-history`,
    // No job takes as long: after it a run in doubt gives its slot back.
    SEGMIND_SLOW_AFTER_MS: '8000',
    SEGMIND_SUBMIT_TIMEOUT_MS: '5000',
    SEGMIND_SYNC_TIMEOUT_MS: '5000',
    RECONCILE_EVERY_MS: '2000',
    RECONCILE_AFTER_MS: '3000',
    SEGMIND_POLL_MIN_MS: '200',
    SEGMIND_POLL_MAX_MS: '1000',
    DATABASE_TIMEOUT_MS: '8000',
    COST_PER_SECOND: '1000000',
    COST_BURST: '100000000',
    PORT: '0',
  };
}
