import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readOutputProblems } from '../../features/generations/progress.ts';
import { verifyOutputUrl } from '../../features/images/output-url.ts';
import { blobKey } from '../../platform/storage/blob-key.ts';
import type { ServerContext } from '../server-context.ts';
import { createLogOnce } from './log-once.ts';
import { sendStored } from './send-stored.ts';
import { refuseAddress, safeHeaders, secondsUntil } from './signed-address.ts';

const outputParams = z.object({
  generationId: z.uuid(),
  index: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number),
});

/**
 * `GET` and `HEAD /outputs/<generation>/<index>`: an output that was not accepted as a picture, as the provider sent
 * it, under a signed address. The bytes can be anything, so they are only served as a file to be saved.
 */
export function registerOutputRoute(app: FastifyInstance, ctx: ServerContext): void {
  const logOnce = createLogOnce(ctx.log);
  app.route({ method: ['GET', 'HEAD'], url: '/outputs/:generationId/:index', handler: sendOutput });

  async function sendOutput(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.headers(safeHeaders);
    const params = outputParams.safeParse(request.params);
    if (!params.success) return refuseAddress(reply, { isValid: false, reason: 'INVALID' });
    const { generationId, index } = params.data;
    const query = new URL(request.url, 'http://host').searchParams;
    const now = ctx.clock.now();
    const verified = verifyOutputUrl(ctx.imageSecret, { generationId, index, query, now });
    if (!verified.isValid) return refuseAddress(reply, verified);
    const run = await ctx.db.generation.findUnique({
      where: { id: generationId },
      select: { projectId: true, outputProblems: true },
    });
    const kept = run && readOutputProblems(run).find((each) => each.index === index)?.sha256;
    const bytes = kept ? await ctx.storage.open(blobKey(run.projectId, kept)) : null;
    if (!bytes) {
      if (kept) logOnce({ generationId, index }, 'a kept output is missing');
      const error = { code: 'NOT_FOUND', message: 'The bytes of this output are not stored.' };
      return reply.code(404).header('cache-control', 'no-store').send({ error });
    }
    reply
      .headers({
        'content-disposition': `attachment; filename="${generationId}-${index}.bin"`,
        'cache-control': `private, max-age=${secondsUntil(verified.expiresAt, now)}, immutable`,
      })
      .type('application/octet-stream');
    if (request.method !== 'HEAD') return sendStored(reply, bytes);
    bytes.stream.destroy();
    return reply.header('content-length', bytes.sizeBytes).send();
  }
}
