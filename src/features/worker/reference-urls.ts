import { createHash } from 'node:crypto';
import { StorageUnavailable } from '../../errors.ts';
import type { Uses } from '../../platform/context.ts';
import { sendablePicture } from '../../platform/pictures/sendable-picture.ts';
import { SegmindError } from '../../platform/segmind/segmind-error.ts';
import { blobKey } from '../../platform/storage/blob-key.ts';
import type { GenerationRow } from '../generations/progress.ts';
import { storedParameters, storedReferences } from '../generations/stored-run.ts';
import type { Reference } from '../run-inputs/pick-reference.ts';
import type { Worker } from './worker.ts';

/** How long an upload is used. The provider removes files after seven days. */
const assetLifetimeDays = 6;

/**
 * The JSON body of a run: its parameters, and each picture as the URL of its upload, or as plain base64 when the
 * provider answers but refuses the upload. A picture is uploaded once for each provider account. Throws SegmindError,
 * ReferenceMissing, and StorageUnavailable when it is unknown whether a picture is in storage.
 */
export async function buildBody(ctx: Worker, run: GenerationRow): Promise<Record<string, unknown>> {
  const pictures = await Promise.all(
    storedReferences(run).map(
      async (reference) => [reference.parameter, await pictureValue(ctx, run.projectId, reference)] as const,
    ),
  );
  return { ...storedParameters(run), ...Object.fromEntries(pictures) };
}

async function pictureValue(ctx: Worker, projectId: string, reference: Reference): Promise<string> {
  const { sha256 } = reference;
  const providerAccount = ctx.segmind.accountId;
  const [known] = await ctx.db.$queryRaw<{ url: string }[]>`
    SELECT url FROM provider_assets WHERE provider_account = ${providerAccount} AND sha256 = ${sha256}
    AND created_at > now() - ${assetLifetimeDays} * interval '1 day'`;
  if (known) return known.url;
  const { bytes, contentType } = await sendablePicture(
    await readReference(ctx, projectId, reference),
    reference.contentType,
  );
  try {
    const url = await ctx.segmind.upload(bytes, contentType);
    await ctx.db.$executeRaw`
      INSERT INTO provider_assets (provider_account, sha256, url) VALUES (${providerAccount}, ${sha256}, ${url})
      ON CONFLICT (provider_account, sha256) DO UPDATE SET url = excluded.url, created_at = now()`;
    ctx.uploadOutage.worked();
    return url;
  } catch (error) {
    if (!(error instanceof SegmindError) || isAboutAccount(error)) throw error;
    // An upload is free and a submit is not, so a possible outage is checked before the submit.
    if (error.meaning !== 'REFUSED' && (await ctx.health.suspect(error))) throw error;
    ctx.uploadOutage.failed(error);
    ctx.log.debug({ reason: error.message, sha256 }, 'upload refused, sending the picture as base64');
    return bytes.toString('base64');
  }
}

/** A picture that a run was given is not in storage, or its bytes have changed. */
export class ReferenceMissing extends Error {
  override name = 'ReferenceMissing';
  readonly parameter: string;

  constructor({ parameter, sha256 }: Reference) {
    super(`The picture ${sha256} is not in storage.`);
    this.parameter = parameter;
  }
}

/** Reads a picture. It only counts as missing when the storage works and is whole. */
async function readReference(
  { storage }: Uses<'storage'>,
  projectId: string,
  reference: Reference,
): Promise<Buffer> {
  const { sha256 } = reference;
  const bytes = await storage.get(blobKey(projectId, sha256)).catch(async (error: unknown) => {
    if (!(error instanceof StorageUnavailable) || (await storage.health.prove(0)) !== null) throw error;
    // The storage works otherwise, so only this file cannot be read.
    return null;
  });
  if (bytes && createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
  if (!(await storage.isWhole())) throw new StorageUnavailable();
  throw new ReferenceMissing(reference);
}

/** Whether the submit would fail for the same reason, so that base64 does not help: a bad key, or too many requests. */
function isAboutAccount(error: SegmindError): boolean {
  return ['UNAUTHORIZED', 'RATE_LIMITED', 'NOT_CONNECTED'].includes(error.code);
}
