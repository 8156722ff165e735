import type { Config } from '../../settings/config.ts';

/**
 * How long after a run was handed over its worker may still bring the provider's answer, although it seemed gone. Until
 * then nobody else may say how it ended.
 */
export function longestAnswerMs({
  SEGMIND_SUBMIT_TIMEOUT_MS,
  SEGMIND_SYNC_TIMEOUT_MS,
}: Pick<Config, 'SEGMIND_SUBMIT_TIMEOUT_MS' | 'SEGMIND_SYNC_TIMEOUT_MS'>): number {
  const longest = Math.max(SEGMIND_SUBMIT_TIMEOUT_MS, SEGMIND_SYNC_TIMEOUT_MS);
  // A tenth for what is not the exchange itself.
  return Math.ceil(longest * 1.1);
}
