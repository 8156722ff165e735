import type { Status } from '../../platform/segmind/result.ts';
import type { Segmind } from '../../platform/segmind/segmind.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { AccountUnusable, accountInForce, accountNamed } from '../provider-keys/provider-key.queries.ts';
import type { Worker } from './worker.ts';

/** The account that a submitted run is polled with. */
export interface RunAccount {
  /** The client of the last poll; null before the first poll. */
  readonly client: Segmind | null;
  /** The run's status at the provider. Throws SegmindError, and AccountUnusable when no key of its account is known. */
  status(requestId: string): Promise<Status>;
}

/** Whether the provider refused the key, which says nothing about the run. */
export function isKeyRefused(error: unknown): boolean {
  return error instanceof SegmindError && (error.code === 'UNAUTHORIZED' || error.code === 'FORBIDDEN');
}

/**
 * A run is polled with the account that took it. When the key of that account is refused, removed or unreadable, the
 * keys in force are tried, because one of them may be a new key of the same account. A key that knows the run is such a
 * key. Other answers are ignored, because another account does not know the requests of this one.
 */
export function accountOfRun(ctx: Worker, run: GenerationRow): RunAccount {
  let client: Segmind | null = null;

  async function fromSuccessor(requestId: string, refused: unknown): Promise<Status> {
    const project = await accountInForce(ctx, run.projectId).catch(() => null);
    const known = run.providerAccount;
    for (const candidate of new Set([project, ctx.segmind])) {
      if (!candidate || candidate.accountId === known) continue;
      const status = await candidate.status(requestId).catch(() => null);
      if (!status) continue;
      client = candidate;
      return status;
    }
    throw refused;
  }

  return {
    get client() {
      return client;
    },
    async status(requestId) {
      try {
        client ??= run.providerAccount === null ? ctx.segmind : await accountNamed(ctx, run.providerAccount);
        return await client.status(requestId);
      } catch (error) {
        if (!(error instanceof AccountUnusable) && !isKeyRefused(error)) throw error;
        return fromSuccessor(requestId, error);
      }
    },
  };
}
