import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fresh from 'fresh';
import { z } from 'zod';
import { imageUrl } from '../../features/images/image.queries.ts';
import { ImageFormat } from '../../features/images/image.type.ts';
import { originalFormat, verifyImageUrl } from '../../features/images/image-url.ts';
import { findServedImage } from '../../features/images/served-image.ts';
import { uploadImage } from '../../features/images/upload-image.ts';
import { limitKey } from '../../platform/auth/viewer.ts';
import { PictureRefused } from '../../platform/pictures/picture-refused.ts';
import { factsOfType } from '../../platform/pictures/picture-type.ts';
import { formats, isPictureFormat, servedFormat } from '../../platform/pictures/served-format.ts';
import { fromGlobalId, toGlobalId } from '../../platform/reads/global-id.ts';
import { Loaders } from '../../platform/reads/loaders.ts';
import { blobKey } from '../../platform/storage/blob-key.ts';
import type { Arrivals } from '../http/arrivals.ts';
import type { ServerContext } from '../server-context.ts';
import { formOverheadBytes, readFormFile } from './form-file.ts';
import { createLogOnce } from './log-once.ts';
import { sendStored } from './send-stored.ts';
import { refuseAddress, safeHeaders, secondsUntil } from './signed-address.ts';
import { variants } from './variants.ts';

const imageParams = z.object({ id: z.uuid() });
const inlineHeaders = { ...safeHeaders, 'content-disposition': 'inline' };
/** An upload costs as many points as a mutation. */
const uploadPoints = 10;
const uploadQuery = z.object({ projectId: z.string() });

/**
 * Whether the client has the picture with this tag. Its `cache-control` is ignored, because `fetch` adds "no-cache" by
 * itself.
 */
function isKnown({ headers }: FastifyRequest, etag: string): boolean {
  return fresh({ 'if-none-match': headers['if-none-match'] }, { etag });
}

/**
 * `GET` and `HEAD /images/<id>` with a signed URL; `POST /images?projectId=…` to store a picture: its bytes, or a form
 * with one file.
 */
export function registerImageRoute(app: FastifyInstance, ctx: ServerContext, arrivals: Arrivals): void {
  const openVariant = variants(ctx);
  const logOnce = createLogOnce(ctx.log);
  const refuse = (reply: FastifyReply, code: 'NOT_FOUND' | 'DAMAGED', message: string) =>
    reply.code(404).header('cache-control', 'no-store').send({ error: { code, message } });
  app.route({ method: ['GET', 'HEAD'], url: '/images/:id', handler: sendImage });

  async function sendImage(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.headers(inlineHeaders);
    const params = imageParams.safeParse(request.params);
    const query = new URLSearchParams(request.url.slice(request.url.indexOf('?') + 1));
    const imageId = params.success ? params.data.id : '';
    const verified = verifyImageUrl(ctx.imageSecret, { imageId, query, now: ctx.clock.now() });
    if (!verified.isValid) return refuseAddress(reply, verified);
    const image = await findServedImage(ctx, imageId);
    if (!image)
      return reply.code(404).send({ error: { code: 'NOT_FOUND', message: 'No image with this id.' } });

    const { expiresAt } = verified;
    const isFile = verified.format === originalFormat;
    // A picture is never scaled up, and all widths above its own share one variant.
    const width = verified.width === null ? null : Math.min(verified.width, image.width);
    const asked = verified.format !== null && isPictureFormat(verified.format) ? verified.format : null;
    const format = isFile ? null : servedFormat(image.contentType, { width, format: asked });
    const etag = `"${image.sha256.slice(0, 32)}-${width ?? 'full'}-${verified.format ?? 'stored'}"`;
    const maxAgeSeconds = secondsUntil(expiresAt, ctx.clock.now());
    const validators = { etag, 'cache-control': `private, max-age=${maxAgeSeconds}, immutable` };
    // The row is enough for the tag. @fastify/etag would compare only after the picture was read or made, and only one
    // tag.
    if (isKnown(request, etag)) return reply.code(304).headers(validators).send();
    if (isFile) {
      const { extension } = factsOfType(image.contentType);
      reply.header('content-disposition', `attachment; filename="${image.id}.${extension}"`);
    }
    const contentType = format === null ? image.contentType : formats[format].contentType;
    if (request.method === 'HEAD') {
      if (format === null) reply.header('content-length', image.sizeBytes);
      return reply.headers(validators).type(contentType).send();
    }
    const opening =
      format === null
        ? ctx.storage.open(blobKey(image.projectId, image.sha256))
        : openVariant(image, { width, format }, () => !reply.raw.destroyed);
    const file = await opening.catch((error: unknown) => {
      if (error instanceof PictureRefused) return error;
      throw error;
    });
    if (file instanceof PictureRefused) {
      logOnce({ imageId }, 'a stored picture cannot be decoded');
      return refuse(reply, 'DAMAGED', 'The stored picture is damaged: it cannot be scaled or converted.');
    }
    if (!file) {
      if (!reply.raw.destroyed) logOnce({ imageId }, 'a stored picture is missing');
      return refuse(reply, 'NOT_FOUND', 'The picture is not in storage.');
    }
    // These headers are only sent with the picture, because a cache must not keep a failure for a day.
    reply.headers(validators).type(contentType);
    return Buffer.isBuffer(file) ? reply.send(file) : sendStored(reply, file);
  }

  app.register(async (upload) => {
    upload.removeAllContentTypeParsers();
    upload.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) =>
      arrivals.readBody(request, payload, ctx.config.MAX_IMAGE_BYTES),
    );
    upload.addContentTypeParser(
      'multipart/form-data',
      async (request: FastifyRequest, payload: IncomingMessage) => {
        const form = await arrivals.readBody(
          request,
          payload,
          ctx.config.MAX_IMAGE_BYTES + formOverheadBytes,
        );
        return form && readFormFile(form, request.headers['content-type'] ?? '');
      },
    );
    // Before the body is read, so that a client without credentials cannot send a large body.
    upload.addHook('onRequest', (request) => arrivals.enter(request));
    upload.post('/images', async (request, reply) => {
      const viewer = await arrivals.viewerOf(request);
      const context = { ...ctx, viewer, loaders: new Loaders() };
      await ctx.meter.spend(limitKey(viewer), uploadPoints);
      const query = uploadQuery.safeParse(request.query);
      const projectId = fromGlobalId('Project', query.success ? query.data.projectId : '');
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const image = await uploadImage(context, projectId, bytes, ['body']);
      return reply.code(201).send({
        id: toGlobalId('Image', image.id),
        url: imageUrl(context, image, { width: null, format: null }),
        previewUrl: imageUrl(context, image, { width: 512, format: ImageFormat.WEBP }),
        width: image.width,
        height: image.height,
        contentType: image.contentType,
        sizeBytes: image.sizeBytes,
      });
    });
  });
}
