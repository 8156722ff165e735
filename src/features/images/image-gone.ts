import { toError } from '../../errors.ts';
import { postgresCode } from '../../platform/db/refusal.ts';

/** The error code of the trigger `generations_keep_images`: a foreign key cannot protect the JSON of a run. */
const runCode = '23DIM';
const foreignKeyCode = '23503';

/** Whether a write was refused because a picture that it names was removed by the sweep meanwhile. */
export function isImageGone(error: unknown): boolean {
  const code = postgresCode(error);
  return code === runCode || (code === foreignKeyCode && toError(error).message.includes('image_id_fkey'));
}
