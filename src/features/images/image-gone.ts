import { toError } from '../../errors.ts';
import { postgresCode } from '../../platform/db/refusal.ts';

/** What the trigger `generations_keep_images` says of a run, whose JSON no foreign key protects. */
const runCode = '23DIM';
const foreignKeyCode = '23503';

/** Whether a write was refused because a picture that it names was swept in the meantime. */
export function isImageGone(error: unknown): boolean {
  const code = postgresCode(error);
  return code === runCode || (code === foreignKeyCode && toError(error).message.includes('image_id_fkey'));
}
