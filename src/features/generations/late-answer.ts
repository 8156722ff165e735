import type { Config } from '../../settings/config.ts';

/**
 * How long after a run was handed over its worker may still bring the provider's answer, also when the worker seems to
 * have ended. Until then no person and no other evidence decides how the run ended. In milliseconds.
 */
export function longestAnswerMs({
  SEGMIND_SUBMIT_TIMEOUT_MS,
  SEGMIND_SYNC_TIMEOUT_MS,
}: Pick<Config, 'SEGMIND_SUBMIT_TIMEOUT_MS' | 'SEGMIND_SYNC_TIMEOUT_MS'>): number {
  const longest = Math.max(SEGMIND_SUBMIT_TIMEOUT_MS, SEGMIND_SYNC_TIMEOUT_MS);
  // A tenth is added for the work around the exchange.
  return Math.ceil(longest * 1.1);
}
