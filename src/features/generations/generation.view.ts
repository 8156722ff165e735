import { type Generation as GenerationRow, GenerationStatus } from '../../platform/db/generated/client.ts';
import { checkText } from '../../platform/graphql/text.ts';
import {
  bigint,
  boolean,
  choice,
  day,
  float,
  integer,
  json,
  moment,
  optional,
  text,
} from '../../platform/reads/column.ts';
import { parseGlobalId } from '../../platform/reads/global-id.ts';
import { arrayText, type Condition, newest } from '../../platform/reads/list.ts';
import { view } from '../../platform/reads/view.ts';
import type { GenerationFilter } from './generation.type.ts';

/** `generations`, column by column. */
export const generationView = view<GenerationRow>('generations', {
  id: text,
  projectId: text,
  characterId: text,
  idempotencyKey: optional(text),
  requestHash: text,
  model: text,
  modelVersion: text,
  prompt: optional(text),
  parameters: json,
  references: json,
  seed: bigint,
  priceMicros: optional(bigint),
  holdMicros: bigint,
  priceShape: text,
  outputCount: integer,
  resultKey: optional(text),
  userId: optional(text),
  apiKeyId: optional(text),
  batch: optional(text),
  retryOfId: optional(text),
  requestedAt: moment,
  environment: text,
  requestedOn: optional(day),
  status: choice(GenerationStatus),
  holdsSlot: boolean,
  attemptedAt: optional(moment),
  isAttemptOver: boolean,
  wakeupId: text,
  attemptToken: optional(text),
  providerAccount: optional(text),
  providerRequestId: optional(text),
  isSlow: boolean,
  cancelRequestedAt: optional(moment),
  submittedAt: optional(moment),
  startedAt: optional(moment),
  finishedAt: optional(moment),
  inferenceSeconds: optional(float),
  costMicros: optional(bigint),
  costSource: optional(text),
  pictures: integer,
  discarded: integer,
  failureCode: optional(text),
  failureMessage: optional(text),
  failureRetryable: optional(boolean),
  outputs: optional(json),
  outputProblems: json,
  waitingFor: optional(text),
  waitingSince: optional(moment),
});

type Filtered = { readonly filter?: GenerationFilter | null };

export const generationsOfProject = newest(generationView, 'projectId', 'requestedAt', conditions);
export const generationsOfCharacter = newest(generationView, 'characterId', 'requestedAt', conditions);

function conditions({ filter }: Filtered): readonly Condition[] {
  const { statuses, batch, characterId } = filter ?? {};
  const found: Condition[] = [];
  if (statuses) {
    const sql = (place: string) => `t."status" = ANY(${place}::"GenerationStatus"[])`;
    found.push({ sql, value: arrayText(statuses), isTelling: true });
  }
  if (batch != null) {
    const value = checkText(['filter', 'batch'], batch, { maximum: 200 });
    found.push({ sql: (place) => `t."batch" = ${place}::text`, value });
  }
  if (characterId != null) {
    const id = parseGlobalId(characterId);
    // A malformed id is, like a stranger's, that of nothing in the list.
    if (id?.type !== 'Character') found.push({ sql: 'false' });
    else found.push({ sql: (place) => `t."character_id" = ${place}::uuid`, value: id.id });
  }
  return found;
}
