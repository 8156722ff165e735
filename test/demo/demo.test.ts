import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { fullness } from '../../src/demo/progress.ts';
import { builtEnvironment } from '../support/built.ts';
import { adminKey, Dramatis } from '../support/dramatis.ts';

/** Says on the error stream when the demo asks for a run by its quote. */
const logQuotes = `const ask = fetch;
globalThis.fetch = (url, options) => {
  if (/"quoteId":"[^"]+"/.test(String(options?.body))) console.error('asked for what was quoted');
  return ask(url, options);
};`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-demo-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the demo', () => {
  it('starts a server when there is none, draws with every model, saves every picture, tells the cost', async () => {
    const environment = {
      PATH: process.env.PATH,
      // No server listens on port 1.
      DRAMATIS_URL: 'http://127.0.0.1:1',
      DATA_DIR: join(directory, 'data'),
      DEMO_OUTPUT: join(directory, 'output'),
      SIMULATOR_SPEED: '100',
      // Of the server that others use, as a .env may say: the demo's own is reached where it listens.
      PUBLIC_URL: 'http://127.0.0.1:1/elsewhere',
      ROLE: 'worker',
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/demo/main.js'], {
      env: environment,
      timeout: 60_000,
    });
    expect(stdout).toContain('No server at http://127.0.0.1:1; starting one for the demo.');
    expect(stdout).toMatch(/SIMULATOR: nothing is paid for/);
    expect(stdout.match(/ COMPLETED /g)).toHaveLength(4);
    expect(stdout).toMatch(/All together {2}\$0\.908\n/);
    const files = await readdir(environment.DEMO_OUTPUT);
    expect(files).toHaveLength(6);
    for (const file of files) {
      const { width = 0 } = await sharp(await readFile(join(environment.DEMO_OUTPUT, file))).metadata();
      expect(width).toBeGreaterThan(300);
    }
  }, 70_000);

  it('spends real money only when told to: no run without a typed yes or --yes, and the price comes first', async () => {
    const dramatis = await Dramatis.start();
    try {
      const environment = {
        PATH: process.env.PATH,
        DRAMATIS_URL: dramatis.url,
        ADMIN_API_KEY: adminKey,
        DEMO_OUTPUT: join(directory, 'live'),
        NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(logQuotes)}`,
      };
      const demo = (...args: string[]) =>
        promisify(execFile)(process.execPath, ['dist/demo/main.js', ...args], {
          env: environment,
          timeout: 60_000,
        });
      const refused = await demo().catch((error: { code: number; stdout: string }) => error);
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stdout).toMatch(/LIVE: 4 runs will cost about \$0\.908, at most \$\d/);
      expect(refused.stdout).toContain('Nothing was drawn, and nothing was paid.');
      expect(dramatis.simulator.bill).toEqual([]);
      const bought = await demo('--yes');
      expect(bought.stdout.match(/ COMPLETED /g)).toHaveLength(4);
      // What was shown is what is bought.
      expect(bought.stderr.match(/asked for what was quoted/g)).toHaveLength(4);
      expect(dramatis.simulator.bill).toHaveLength(4);
    } finally {
      await dramatis.stop();
    }
  }, 70_000);
});

it('without a key that it could send it says where it looked', async () => {
  const dramatis = await Dramatis.start();
  try {
    await writeFile(join(directory, 'admin-key'), '\n');
    const environment = {
      DRAMATIS_URL: dramatis.url,
      ADMIN_API_KEY: '',
      DATA_DIR: directory,
      DEMO_OUTPUT: '',
    };
    const refused = await promisify(execFile)(process.execPath, ['dist/demo/main.js'], {
      env: { ...builtEnvironment, ...environment },
    }).catch((error: { code: number; stderr: string }) => error);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toBe(
      `The demo ended early: no admin key: set ADMIN_API_KEY, or DATA_DIR to the server's data folder (looked in ${directory}).\n`,
    );
  } finally {
    await dramatis.stop();
  }
});

it.each([
  [0, 40, 'QUEUED', 0],
  [20, 40, 'PROCESSING', 0.45],
  [400, 40, 'PROCESSING', 0.97],
  [1, 40, 'STORING', 0.97],
  [1, 40, 'COMPLETED', 1],
  [1, 0, 'QUEUED', 0.97],
])('after %d of %d seconds, %s, a bar is full by %d', (elapsed, expected, status, share) => {
  expect(fullness(elapsed, expected, status)).toBeCloseTo(share);
});
