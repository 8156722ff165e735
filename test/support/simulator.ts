import { afterEach } from '@jest/globals';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A fast simulator that ends with the test. */
export async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ speed: 1_000, ...options });
  closers.push(() => simulator.close());
  return simulator;
}

export const key = { 'x-api-key': 'SG_0123456789abcdef' };

export function post(
  simulator: Simulator,
  path: string,
  body: object,
  headers: Record<string, string> = key,
): Promise<Response> {
  return fetch(simulator.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** A job's id. */
export async function submit(simulator: Simulator, body: object): Promise<string> {
  const answer = await post(simulator, '/v2/consistent-character', body);
  return ((await answer.json()) as { request_id: string }).request_id;
}

export async function read(
  simulator: Simulator,
  path: string,
  headers: Record<string, string> = key,
): Promise<{ status: number; body: Record<string, never> & { [member: string]: unknown } }> {
  const answer = await fetch(simulator.url + path, { headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, never> };
}
