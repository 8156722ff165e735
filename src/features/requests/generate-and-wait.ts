import type { GenerationRow } from '../generations/progress.ts';
import { awaitEnd, checkWait } from './await-end.ts';
import { generate } from './generate.ts';
import type { GenerateInput } from './request.type.ts';

/** Requests a run, and waits for its end as long as the request says. Throws what `generate` and `awaitEnd` throw. */
export async function generateAndWait(
  ctx: Parameters<typeof generate>[0] & Parameters<typeof awaitEnd>[0],
  input: GenerateInput,
): Promise<GenerationRow> {
  // Before anything is paid for.
  const seconds = checkWait(input.waitSeconds);
  return awaitEnd(ctx, await generate(ctx, input), seconds);
}
