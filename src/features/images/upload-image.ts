import { createHash } from 'node:crypto';
import { type InputPath, InputProblem } from '../../errors.ts';
import { limitKey, viewerName } from '../../platform/auth/viewer.ts';
import type { Uses } from '../../platform/context.ts';
import { FetchRefused } from '../../platform/outbound/fetch-picture-url.ts';
import { cleanPicture } from '../../platform/pictures/clean-picture.ts';
import { inspectHeader } from '../../platform/pictures/inspect-picture.ts';
import { PictureRefused } from '../../platform/pictures/picture-refused.ts';
import { fromGlobalId } from '../../platform/reads/global-id.ts';
import { authorizeChange } from '../access/authorize.ts';
import { recordAudit } from '../access/record-audit.ts';
import { findImageInProject } from './image.queries.ts';
import type { ImageSourceInput } from './image.type.ts';
import { type ImageRow, storeImage } from './store-image.ts';

type Tools = Uses<'db' | 'viewer' | 'loaders' | 'storage' | 'config' | 'outbound' | 'bytes' | 'decoding'>;

/**
 * Stores the pixels of a picture that a client sent, turned upright, without the metadata of cameras and programs
 * (places, names). Bytes that the project already stores are taken as they are, because their metadata was removed
 * before, or they came from the provider. Throws NotFound for a project that the viewer may not see, InputProblem at
 * `path` for bytes that are no picture.
 */
export async function uploadImage(
  ctx: Tools,
  projectId: string,
  bytes: Buffer,
  path: InputPath,
): Promise<ImageRow> {
  await authorizeChange(ctx, projectId, 'EDIT_CHARACTERS', { field: 'projectId' });
  try {
    const { MAX_IMAGE_PIXELS: maxPixels, MAX_IMAGE_BYTES: maxBytes } = ctx.config;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    // Uploads of older versions, which did not remove metadata, may still have it.
    const isSafe = { OR: [{ uploadedAt: { not: null } }, { generatedImages: { some: {} } }] };
    const isKnown = (await ctx.db.image.count({ where: { projectId, sha256, ...isSafe } })) > 0;
    // A small picture may decode to hundreds of megabytes. Known bytes were decoded when they were stored.
    const picture = await ctx.decoding.take(viewerName(ctx.viewer), async () =>
      isKnown
        ? { bytes, facts: await inspectHeader(bytes, { maxPixels, maxBytes }) }
        : cleanPicture(bytes, { maxPixels, maxBytes }),
    );
    return await storeImage(ctx, projectId, picture, (tx, { id }) =>
      recordAudit(tx, ctx.viewer, { projectId, action: 'IMAGE_UPLOADED', target: { type: 'Image', id } }),
    );
  } catch (error) {
    if (error instanceof PictureRefused) throw new InputProblem(path, error.message, `IMAGE_${error.code}`);
    throw error;
  }
}

/**
 * Finds or stores the picture that a source names. Throws like uploadImage, InputProblem for a URL that is refused, and
 * RateLimited or Overloaded when too many bytes are in flight.
 */
export async function resolveImageSource(
  ctx: Tools,
  projectId: string,
  source: ImageSourceInput,
  path: InputPath,
): Promise<ImageRow> {
  if (source.imageId != null)
    return findImageInProject(ctx, projectId, fromGlobalId('Image', source.imageId));
  if (source.base64 != null) {
    const bytesPath = [...path, 'base64'];
    return uploadImage(ctx, projectId, decodeBase64(source.base64, bytesPath), bytesPath);
  }
  const urlPath = [...path, 'url'];
  const hold = ctx.bytes.hold(limitKey(ctx.viewer));
  try {
    const bytes = await ctx.outbound.fetchBytes(String(source.url), hold.add);
    return await uploadImage(ctx, projectId, bytes, urlPath);
  } catch (error) {
    if (error instanceof FetchRefused) throw new InputProblem(urlPath, error.message, `IMAGE_${error.code}`);
    throw error;
  } finally {
    hold.release();
  }
}

function decodeBase64(text: string, path: InputPath): Buffer {
  const plain = text.replace(/^data:[^,]{0,200},/, '').replace(/\s+/g, '');
  // Buffer.from skips unknown characters. A client that sends them should get an error.
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(plain) || plain === '') {
    throw new InputProblem(path, 'base64 must be the base64 of a picture.', 'IMAGE_NOT_A_PICTURE');
  }
  return Buffer.from(plain, 'base64');
}
