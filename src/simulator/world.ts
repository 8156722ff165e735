import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import { respondJson } from './respond.ts';
import type { State } from './state.ts';

/** The shared state and settings of all routes. */
export interface World {
  readonly state: State;
  readonly faults: Fault[];
  readonly speed: number;
  readonly apiKeys: readonly string[] | undefined;
  readonly accounts: (apiKey: string) => string;
  readonly retentionMs: number;
  readonly syncLimitMs: number;
  readonly requestsPerMinute: number | undefined;
  readonly price: (slug: string, body: Readonly<Record<string, unknown>>) => bigint;
  readonly reportsCost: boolean;
  readonly hasHistory: () => boolean;
  readonly chance: () => number;
  readonly now: () => number;
  readonly publicUrl: () => string;
}

/** A received request, with its whole body. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly at: number;
}

/** The account of the key that a request came with. */
export function accountOf(world: World, { headers }: LoggedRequest): string {
  return world.accounts(String(headers['x-api-key']));
}

/** Checks the key of a request. Refuses a missing and an unknown key with the provider's texts for them. */
export function isKeyGood(world: World, request: LoggedRequest, answer: ServerResponse): boolean {
  const key = request.headers['x-api-key'];
  if (typeof key !== 'string' || key === '') {
    respondJson(answer, 401, { error: 'Missing Authorization or x-api-key in header' });
    return false;
  }
  if (world.apiKeys && !world.apiKeys.includes(key)) {
    respondJson(answer, 401, { error: 'Unauthorized. API key is invalid or may have expired.' });
    return false;
  }
  return true;
}
