import type { FastifyRequest } from 'fastify';
import { Unauthenticated } from '../errors.ts';
import type { Viewer } from '../platform/auth/viewer.ts';
import type { ServerContext } from './server-context.ts';

/** A body that takes longer may have outlived the key that it came with. */
const trustedForMs = 500;

/** Who asks, found out before a body is read, and once more when reading it took long. */
export interface Arrivals {
  /** For `onRequest`. Throws what `authenticate` throws. */
  enter(request: FastifyRequest): Promise<void>;
  /** For the handler. Throws the same. */
  viewerOf(request: FastifyRequest): Promise<Viewer>;
}

/** Keeps what was found out for as long as its request lives. */
export function createArrivals(ctx: Pick<ServerContext, 'authenticate'>): Arrivals {
  const arrivals = new WeakMap<FastifyRequest, { viewer: Viewer; at: number }>();
  const ask = ({ headers, ip }: FastifyRequest) => ctx.authenticate(headers.authorization, ip);
  return {
    async enter(request) {
      arrivals.set(request, { viewer: await ask(request), at: performance.now() });
    },
    async viewerOf(request) {
      const arrival = arrivals.get(request);
      if (!arrival) throw new Unauthenticated();
      return performance.now() - arrival.at < trustedForMs ? arrival.viewer : ask(request);
    },
  };
}
