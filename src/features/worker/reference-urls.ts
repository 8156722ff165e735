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

/** Uploads are used this long; the provider's own files go after seven days. */
const assetLifetimeDays = 6;

/**
 * The JSON body of a run: its parameters, and each picture as the URL of its upload, or as bare base64 where the
 * provider answers and does not take the upload. A picture is uploaded once for each provider account. Throws SegmindError,
 * ReferenceMissing, and StorageUnavailable when it cannot be known whether a picture is there.
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
    // An upload is free, and a submit is not: what may be an outage is found out before the run is risked.
    if (error.meaning !== 'REFUSED' && (await ctx.health.suspect(error))) throw error;
    ctx.uploadOutage.failed(error);
    ctx.log.debug({ reason: error.message, sha256 }, 'upload refused, sending the picture as base64');
    return bytes.toString('base64');
  }
}

/** A picture that a run was given is not there, or no longer what it was. */
export class ReferenceMissing extends Error {
  override name = 'ReferenceMissing';
  readonly parameter: string;

  constructor({ parameter, sha256 }: Reference) {
    super(`The picture ${sha256} is not in storage.`);
    this.parameter = parameter;
  }
}

/** Only a storage that works and is whole can say that a picture is missing. */
async function readReference(
  { storage }: Uses<'storage'>,
  projectId: string,
  reference: Reference,
): Promise<Buffer> {
  const { sha256 } = reference;
  const bytes = await storage.get(blobKey(projectId, sha256)).catch(async (error: unknown) => {
    if (!(error instanceof StorageUnavailable) || (await storage.health.prove(0)) !== null) throw error;
    // All else works: it is this file that cannot be read.
    return null;
  });
  if (bytes && createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
  if (!(await storage.isWhole())) throw new StorageUnavailable();
  throw new ReferenceMissing(reference);
}

/** A bad key or too many requests would meet the submit as well: no way around by base64. */
function isAboutAccount(error: SegmindError): boolean {
  return ['UNAUTHORIZED', 'RATE_LIMITED', 'NOT_CONNECTED'].includes(error.code);
}
