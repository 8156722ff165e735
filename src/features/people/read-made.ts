import type { Uses } from '../../platform/context.ts';
import type { AuditEntry as AuditEntryRow } from '../../platform/db/generated/client.ts';
import { globalIdOf, toGlobalId } from '../../platform/reads/global-id.ts';
import type { AuditAction } from '../access/record-audit.ts';
import { imageUrl } from '../images/image.queries.ts';
import { type Line, lineOf } from './line.ts';

type Tools = Uses<'db' | 'clock' | 'imageSecret' | 'publicUrl'>;

/**
 * What a person made by some of their acts, in its present state: runs with their costs, pictures, invitations, keys.
 */
export async function readMade(ctx: Tools, acts: readonly AuditEntryRow[]): Promise<Line[]> {
  const idsOf = (action: AuditAction) =>
    acts.filter((act) => act.action === action).map(({ targetId }) => targetId);
  return [
    ...(await readRuns(ctx, idsOf('GENERATION_REQUESTED'))),
    ...(await readPictures(ctx, idsOf('IMAGE_UPLOADED'))),
    ...(await readInvitations(ctx, idsOf('MEMBER_INVITED'))),
    ...(await readKeys(ctx, idsOf('API_KEY_CREATED'))),
  ];
}

/** Ledger entries are read separately, because they stay when a run is deleted with its project. */
async function readRuns({ db }: Tools, ids: readonly string[]): Promise<Line[]> {
  if (ids.length === 0) return [];
  const runs = await db.generation.findMany({ where: { id: { in: [...ids] } } });
  const entries = await db.ledgerEntry.findMany({
    where: { generationId: { in: [...ids] } },
    orderBy: { id: 'asc' },
  });
  return [
    ...runs.map((run) =>
      lineOf('generation', {
        id: toGlobalId('Generation', run.id),
        projectId: toGlobalId('Project', run.projectId),
        characterId: toGlobalId('Character', run.characterId),
        apiKeyId: globalIdOf('ApiKey', run.apiKeyId),
        model: run.model,
        prompt: run.prompt,
        parameters: run.parameters,
        references: run.references,
        seed: run.seed,
        batch: run.batch,
        idempotencyKey: run.idempotencyKey,
        requestedAt: run.requestedAt,
        status: run.status,
        finishedAt: run.finishedAt,
        costMicros: run.costMicros,
        failureCode: run.failureCode,
      }),
    ),
    ...entries.map((entry) =>
      lineOf('ledgerEntry', {
        generationId: toGlobalId('Generation', entry.generationId),
        entry: entry.kind,
        amountMicros: entry.amountMicros,
        at: entry.at,
        day: entry.day,
      }),
    ),
  ];
}

async function readPictures(ctx: Tools, ids: readonly string[]): Promise<Line[]> {
  if (ids.length === 0) return [];
  const images = await ctx.db.image.findMany({ where: { id: { in: [...ids] } } });
  return images.map(({ id, projectId, ...image }) =>
    lineOf('image', {
      id: toGlobalId('Image', id),
      projectId: toGlobalId('Project', projectId),
      ...image,
      url: imageUrl(ctx, { id }, {}),
    }),
  );
}

/** Without the addresses, because they are data of the invited persons. */
async function readInvitations({ db }: Tools, ids: readonly string[]): Promise<Line[]> {
  if (ids.length === 0) return [];
  const invitations = await db.invitation.findMany({ where: { id: { in: [...ids] } } });
  return invitations.map(({ id, projectId, role, createdAt, expiresAt, acceptedAt, withdrawnAt }) =>
    lineOf('invitationSent', {
      id: toGlobalId('Invitation', id),
      projectId: toGlobalId('Project', projectId),
      role,
      createdAt,
      expiresAt,
      acceptedAt,
      withdrawnAt,
    }),
  );
}

/** SERVICE keys only. The person's own keys are listed elsewhere. */
async function readKeys({ db }: Tools, ids: readonly string[]): Promise<Line[]> {
  if (ids.length === 0) return [];
  const keys = await db.apiKey.findMany({ where: { id: { in: [...ids] }, userId: null } });
  return keys.map(({ secretHash: _, userId: __, id, projectId, ...key }) =>
    lineOf('serviceApiKey', {
      id: toGlobalId('ApiKey', id),
      projectId: toGlobalId('Project', projectId),
      ...key,
    }),
  );
}
