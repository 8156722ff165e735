import type { Segmind } from '../../platform/segmind/segmind.ts';
import { SegmindError, type SegmindErrorCode } from '../../platform/segmind/segmind-error.ts';

/** No answer, or one that is not the API's: a page of something in between, a redirect to one. */
const notOfTheApi: readonly SegmindErrorCode[] = [
  'NOT_CONNECTED',
  'CONNECTION_LOST',
  'TIMED_OUT',
  'ANSWER_UNREADABLE',
  'REDIRECTED',
];

/** Whether an error may mean that the provider does not answer anybody: no answer of the API's, or a server error. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof SegmindError)) return false;
  return notOfTheApi.includes(error.code) || (error.httpStatus !== null && error.httpStatus >= 500);
}

/** A request that the provider does not know: it says so, and that is an answer. */
const unknownRequest = '0'.repeat(32);

/**
 * Whether the provider answers, by two calls that cost nothing: after the balance, and after a request that it does not know.
 * One that answers is enough, since an account may have no balance that can be asked for. A refusal is an answer as well.
 */
export async function isAnswering(segmind: Pick<Segmind, 'credits' | 'status'>): Promise<boolean> {
  const calls: readonly Promise<unknown>[] = [segmind.credits(), segmind.status(unknownRequest)];
  const answers = calls.map((call) =>
    call.catch((error: unknown) => {
      if (isAway(error)) throw error;
    }),
  );
  return Promise.any(answers).then(
    () => true,
    () => false,
  );
}
