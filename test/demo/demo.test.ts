import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { fullness } from '../../src/demo/progress.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-demo-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the demo', () => {
  it('starts a server when there is none, draws with every model, saves every picture, tells the cost', async () => {
    const environment = {
      PATH: process.env.PATH,
      // Nobody listens on port 1.
      DRAMATIS_URL: 'http://127.0.0.1:1',
      DATA_DIR: join(directory, 'data'),
      DEMO_OUTPUT: join(directory, 'output'),
      SIMULATOR_SPEED: '100',
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/demo/main.js'], {
      env: environment,
      timeout: 60_000,
    });
    expect(stdout).toContain('No server at http://127.0.0.1:1; starting one for the demo.');
    expect(stdout.match(/ COMPLETED /g)).toHaveLength(4);
    expect(stdout).toMatch(/All together {2}\$0\.908000/);
    const files = await readdir(environment.DEMO_OUTPUT);
    expect(files).toHaveLength(6);
    for (const file of files) {
      const { width = 0 } = await sharp(await readFile(join(environment.DEMO_OUTPUT, file))).metadata();
      expect(width).toBeGreaterThan(300);
    }
  }, 70_000);
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
