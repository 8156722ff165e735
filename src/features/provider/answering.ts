import type { Segmind } from '../../platform/segmind/segmind.ts';
import { SegmindError, type SegmindErrorCode } from '../../platform/segmind/segmind-error.ts';

/** No answer, or an answer that is not the API's: a page of a gateway, or a redirect. */
const notOfTheApi: readonly SegmindErrorCode[] = [
  'NOT_CONNECTED',
  'CONNECTION_LOST',
  'TIMED_OUT',
  'ANSWER_UNREADABLE',
  'REDIRECTED',
];

/** Whether an error may mean that the provider answers no client: there was no answer of the API, or a server error. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof SegmindError)) return false;
  return notOfTheApi.includes(error.code) || (error.httpStatus !== null && error.httpStatus >= 500);
}

/** The id of a request that the provider does not know. Its 404 is an answer too. */
const unknownRequest = '0'.repeat(32);

/**
 * Whether the provider answers one of two free calls: for the balance, and for the status of an unknown request. One
 * answer is enough, because an account may have no balance that can be read. A refusal is an answer also.
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
