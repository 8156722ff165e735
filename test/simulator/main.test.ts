import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';

/** Runs the program until it listens; resolves to that, and to its exit code where it ended. */
async function firstWords(
  environment: Record<string, string>,
): Promise<{ said: string; code: number | null }> {
  const child = spawn(process.execPath, ['dist/simulator/main.js'], { env: environment });
  let said = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  child.stdout.once('data', () => child.kill('SIGTERM'));
  const code = await ended;
  return { said, code };
}

it('takes empty variables for ones that are not set', async () => {
  const names = ['SIMULATOR_HOST', 'SIMULATOR_SPEED', 'SIMULATOR_DIR', 'SIMULATOR_PUBLIC_URL'];
  const empty = Object.fromEntries(names.map((name) => [name, '']));
  const { said, code } = await firstWords({ ...empty, SIMULATOR_PORT: '0' });
  expect(said).toMatch(/^The provider simulator listens on http:\/\/127\.0\.0\.1:\d+\n$/);
  expect(code).toBe(0);
});

it.each([
  [{ SIMULATOR_PORT: 'soon' }, 'SIMULATOR_PORT must be a whole number from 0 to 65535.'],
  [{ SIMULATOR_PORT: '0', SIMULATOR_SPEED: 'fast' }, 'SIMULATOR_SPEED must be a number above 0.'],
])('%j is refused in one line', async (environment, problem) => {
  const { said, code } = await firstWords(environment);
  expect({ said, code }).toEqual({ said: `The simulator cannot start: ${problem}\n`, code: 1 });
});

it('so is a port that is taken', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  const { said, code } = await firstWords({ SIMULATOR_PORT: String(port) });
  expect(said).toMatch(/^The simulator cannot start: .*EADDRINUSE.*\n$/);
  expect(code).toBe(1);
  await new Promise((resolve) => holder.close(resolve));
});
