import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Line } from '../../features/people/line.ts';
import { verifyPersonUrl } from '../../features/people/person-url.ts';
import { readPerson } from '../../features/people/read-person.ts';
import type { ServerContext } from '../server-context.ts';
import { refuseAddress } from './signed-address.ts';
import { streamSome } from './stream-some.ts';

const params = z.object({ userId: z.uuid() });

/** `GET /users/<user>.jsonl`: streams all data that is stored about a user, under a signed address of `exportUser`. */
export function registerPersonRoute(app: FastifyInstance, ctx: ServerContext): void {
  const stream = streamSome(app);
  app.get('/users/:userId.jsonl', { exposeHeadRoute: false }, async (request, reply) => {
    const asked = params.safeParse(request.params);
    if (!asked.success) return refuseAddress(reply, { isValid: false, reason: 'INVALID' });
    const { userId } = asked.data;
    const query = new URL(request.url, 'http://host').searchParams;
    const verified = verifyPersonUrl(ctx.imageSecret, { userId, query, now: ctx.clock.now() });
    if (!verified.isValid) return refuseAddress(reply, verified);
    const tools = { ...ctx, db: ctx.exportsDb, publicUrl: ctx.publicUrl };
    const body = stream(toJsonLines(readPerson(tools, userId)), (err) =>
      ctx.log.warn({ err }, "the export of a user's data was interrupted"),
    );
    return reply
      .headers({
        'content-type': 'application/jsonl; charset=utf-8',
        'content-disposition': 'attachment; filename="user.jsonl"',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      })
      .send(body);
  });
}

async function* toJsonLines(portions: AsyncGenerator<Line[], void>): AsyncGenerator<string, void> {
  for await (const lines of portions) yield lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
