import { createHash } from 'node:crypto';
import { Conflict } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { Prisma } from '../../platform/db/generated/client.ts';
import { recordEvent } from '../../platform/events/record-event.ts';
import { fromGlobalId } from '../../platform/graphql/global-id.ts';
import { checkText } from '../../platform/graphql/text.ts';
import { newWakeupId } from '../../platform/jobs/job-queue.ts';
import { authorize, authorizeChange, refuseClosed } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findCharacter, findLiveCharacter } from '../characters/character.queries.ts';
import type { ModelInputValues } from '../image-models/model.input.ts';
import { buildParameters, chosenModel, type RunInputs } from './build-parameters.ts';
import type { GenerateInput } from './generation.type.ts';
import { type GenerationRow, writeProgress } from './progress.ts';

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'random' | 'jobs'>;

/**
 * Asks for a picture: the run, its event and its job are written in one transaction or not at all. The same
 * idempotency key with the same input gives the same run, however often and however parallel it is sent.
 * Throws NotFound, Forbidden, InputProblems, and Conflict for what is archived, a model that the API key is not for,
 * or an idempotency key used for something else.
 */
export async function generate(ctx: Tools, input: GenerateInput): Promise<GenerationRow> {
  const model = input.model as ModelInputValues;
  const includeAppearance = input.includeAppearance ?? true;
  const key =
    input.idempotencyKey == null
      ? null
      : checkText(['input', 'idempotencyKey'], input.idempotencyKey, { minimum: 1, maximum: 200 });
  const requestHash = hashRequest({ characterId: input.characterId, includeAppearance, model });
  const { projectId } = await findCharacter(ctx, fromGlobalId('Character', input.characterId));
  await authorize(ctx, projectId, 'GENERATE', 'Character');
  refuseOtherModels(ctx, model);

  const earlier = key === null ? null : await findByKey(ctx, projectId, key, requestHash);
  if (earlier) return earlier;
  await authorizeChange(ctx, projectId, 'GENERATE', { what: 'Character', field: 'characterId' });
  const character = await findLiveCharacter(ctx, fromGlobalId('Character', input.characterId), 'characterId');
  const inputs = await buildParameters(ctx, character, { model, includeAppearance });
  try {
    return await insertGeneration(ctx, { projectId, characterId: character.id, key, requestHash, inputs });
  } catch (error) {
    // A parallel request with the same key was first: its run is the answer.
    const first = isDuplicate(error) && key !== null && (await findByKey(ctx, projectId, key, requestHash));
    if (first) return first;
    throw error;
  }
}

function insertGeneration(
  ctx: Tools,
  run: { projectId: string; characterId: string; key: string | null; requestHash: string; inputs: RunInputs },
): Promise<GenerationRow> {
  const { projectId, characterId, key, requestHash, inputs } = run;
  const wakeupId = newWakeupId();
  return ctx.db.$transaction(async (tx) => {
    const row = await tx.generation.create({
      data: {
        projectId,
        characterId,
        idempotencyKey: key,
        requestHash,
        model: inputs.model.slug,
        modelVersion: inputs.model.version,
        prompt: inputs.prompt,
        parameters: inputs.parameters as Prisma.InputJsonObject,
        references: inputs.references as unknown as Prisma.InputJsonArray,
        seed: inputs.seed,
        priceMicros: inputs.model.price.micros,
        wakeupId,
      },
    });
    await ctx.jobs.send(tx, { id: wakeupId, generationId: row.id });
    await recordAudit(tx, ctx.viewer, {
      projectId,
      action: 'GENERATION_REQUESTED',
      target: { type: 'Generation', id: row.id },
      details: { model: inputs.model.slug },
    });
    // Asked again under the project's lock, which the audit log holds: no run slips in behind an archiving.
    await refuseClosed(tx, projectId, 'characterId');
    await recordEvent(tx, {
      projectId,
      kind: 'GENERATION_REQUESTED',
      generationId: row.id,
      characterId,
      progress: writeProgress(row),
    });
    return row;
  });
}

/** A key may be for some models only. Throws Conflict. */
function refuseOtherModels({ viewer }: Uses<'viewer'>, input: ModelInputValues): void {
  if (viewer.kind !== 'API_KEY' || viewer.allowedModels.length === 0) return;
  const { slug, inputName } = chosenModel(input).model;
  if (viewer.allowedModels.includes(slug)) return;
  const allowed = viewer.allowedModels.join(', ');
  throw new Conflict('MODEL_NOT_ALLOWED', `This key is for ${allowed} only.`, ['input', 'model', inputName]);
}

async function findByKey(
  ctx: Uses<'db'>,
  projectId: string,
  idempotencyKey: string,
  requestHash: string,
): Promise<GenerationRow | null> {
  const row = await ctx.db.generation.findUnique({
    where: { projectId_idempotencyKey: { projectId, idempotencyKey } },
  });
  if (row && row.requestHash !== requestHash) {
    throw new Conflict('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for a different request.', [
      'input',
      'idempotencyKey',
    ]);
  }
  return row;
}

function isDuplicate(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}

/** The order of an object's members does not matter, so they are sorted first; what is left out counts as absent. */
function hashRequest(request: unknown): string {
  const text = JSON.stringify(request, (_, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, member]) => member != null)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : value,
  );
  return createHash('sha256').update(text).digest('hex');
}
