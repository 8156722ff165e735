import { toError } from './errors.ts';
import { isAway } from './features/provider/answering.ts';
import { formatDollars } from './money.ts';
import type { TaskContext } from './platform/context.ts';
import type { Credits } from './platform/segmind/segmind.ts';
import { SegmindError, type SegmindErrorCode } from './platform/segmind/segmind-error.ts';

const refusals: readonly SegmindErrorCode[] = ['UNAUTHORIZED', 'FORBIDDEN'];

/**
 * Asks the provider for the balance of the server's account, which costs nothing. Logs one line about the key: it
 * works, it is refused, or it could not be tried. Never rejects, and never logs the key.
 */
export async function tryAccount(
  { segmind, log }: Pick<TaskContext, 'segmind' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  const { environment: address, accountId: account } = segmind;
  try {
    const credits = await segmind.credits();
    log.info({ account }, `SEGMIND_API_KEY works at ${address}: ${describeBalance(credits)}`);
  } catch (error) {
    // The process is stopping, so the error says nothing about the key.
    if (signal.aborted) return;
    if (!(error instanceof SegmindError)) {
      log.warn({ err: toError(error), account }, 'SEGMIND_API_KEY could not be tried');
    } else if (refusals.includes(error.code)) {
      log.error(
        { account },
        `SEGMIND_API_KEY is refused by ${address}: runs wait for another key, and one run a minute is tried and fails`,
      );
    } else {
      const reason = isAway(error) ? 'is unavailable' : 'gave no usable answer';
      log.warn({ account }, `SEGMIND_API_KEY could not be tried: ${address} ${reason} (${error.code})`);
    }
  }
}

function describeBalance({ creditsMicros, freeCreditsMicros }: Credits): string {
  if (creditsMicros === null) return 'the account has no balance on record';
  const free = freeCreditsMicros ? ` and ${formatDollars(freeCreditsMicros)} of free credits` : '';
  return `the account has ${formatDollars(creditsMicros)}${free}`;
}
