import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { Forbidden } from '../../errors.ts';
import { limitKey } from '../../platform/auth/viewer.ts';
import { mayIntrospect } from '../introspection.ts';
import { printContract } from '../schema.ts';
import type { ServerContext } from '../server-context.ts';
import type { Arrivals } from './arrivals.ts';
import { isKnownAnswer } from './validator.ts';

/** As many points as a mutation: the text is long. */
const points = 10;

/** `GET /schema.graphql`: the schema as text, for tools that generate code, to viewers who may introspect. */
export function registerSchemaRoute(
  app: FastifyInstance,
  ctx: ServerContext,
  arrivals: Arrivals,
  schema: GraphQLSchema,
): void {
  let printed: { readonly text: string; readonly etag: string } | null = null;
  const print = () => {
    const text = printContract(schema);
    return { text, etag: `"${hash('sha256', text).slice(0, 32)}"` };
  };
  app.get('/schema.graphql', { onRequest: (request) => arrivals.enter(request) }, async (request, reply) => {
    const viewer = await arrivals.viewerOf(request);
    if (!mayIntrospect(ctx, viewer))
      throw new Forbidden('The schema of this server cannot be read: INTROSPECTION is off.');
    await ctx.meter.spend(limitKey(viewer), points);
    printed ??= print();
    const { text, etag } = printed;
    if (isKnownAnswer(request, reply, etag)) return reply.code(304).send();
    return reply.type('text/plain; charset=utf-8').send(text);
  });
}
