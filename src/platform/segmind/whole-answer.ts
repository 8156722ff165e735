import { bulkhead } from 'cockatiel';
import type { Answer } from './exchange.ts';
import { nonsense, refusal } from './refusal.ts';
import { SegmindError } from './segmind-error.ts';
import type { Spooled } from './spool.ts';
import type { Call } from './status-meaning.ts';

/** Reading a large answer takes several times its size in memory, so large answers are read one after another. */
const oneByOne = bulkhead(1, Number.POSITIVE_INFINITY);

/**
 * An answer with all of its bytes, also when it was spooled. An answer that is larger than `maxBytes` is not read, and
 * throws. When its status is a success the error has the spooled answer, because it may have been paid for. The same
 * holds for the answer to a submit that cannot be read back from the disk.
 */
export async function wholeAnswer(
  answer: Answer,
  call: Call,
  apiKey: string,
  maxBytes: number,
): Promise<Answer> {
  const { spooled, httpStatus, headers } = answer;
  if (!spooled) return answer;
  const isSuccess = httpStatus >= 200 && httpStatus < 300;
  if (spooled.sizeBytes > maxBytes) {
    const detail = `The answer is larger than ${maxBytes} bytes.`;
    if (isSuccess) throw nonsense('ANSWER_INVALID', answer, call, detail, { spooled });
    await discard(spooled);
    throw refusal(answer, call, apiKey);
  }
  try {
    const bytes = await oneByOne.execute(() => spooled.read());
    await discard(spooled);
    return { httpStatus, headers, bytes };
  } catch (error) {
    const detail = 'The answer could not be read back from the disk.';
    if (isSuccess && call === 'SUBMIT')
      throw nonsense('ANSWER_UNREADABLE', answer, call, detail, { spooled });
    await discard(spooled);
    throw error;
  }
}

/** Removes a spooled answer. A file that cannot be removed now is removed later with the unfinished files. */
async function discard(spooled: Spooled | undefined): Promise<void> {
  await spooled?.discard().catch(() => undefined);
}

/** The bytes of a downloaded picture. A picture that is larger than `maxBytes` throws, and the error has it spooled. */
export async function downloaded(answer: Answer, maxBytes: number, apiKey: string): Promise<Buffer> {
  const { spooled, httpStatus, bytes } = answer;
  if (httpStatus !== 200) {
    await discard(spooled);
    throw refusal(answer, 'DOWNLOAD', apiKey);
  }
  if (!spooled) return bytes;
  const detail = `The picture is larger than ${maxBytes} bytes.`;
  throw new SegmindError({ code: 'OUTPUT_REFUSED', meaning: 'REFUSED', detail, spooled });
}
