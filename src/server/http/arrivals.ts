import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Unauthenticated } from '../../errors.ts';
import { payer, type Viewer } from '../../platform/auth/viewer.ts';
import type { Hold } from '../../platform/limits/byte-share.ts';
import type { ServerContext } from '../server-context.ts';
import { readBody } from './read-body.ts';

/** A body that takes longer may have outlived the key that it came with. */
const trustedForMs = 500;

/** Who asks, found out before a body is read, and once more when reading it took long. */
export interface Arrivals {
  /** For `onRequest`. Throws what `authenticate` throws. */
  enter(request: FastifyRequest): Promise<void>;
  /**
   * For content type parsers: the body, counted for the viewer until the request is answered; null for a request that
   * did not enter, of which nothing is read. Throws what `readBody` throws.
   */
  readBody(request: FastifyRequest, payload: IncomingMessage, limit: number): Promise<Buffer | null>;
  /** For the handler. Throws what `authenticate` throws. */
  viewerOf(request: FastifyRequest): Promise<Viewer>;
}

interface Arrival {
  readonly viewer: Viewer;
  readonly at: number;
  readonly hold: Hold;
}

/** Keeps what was found out for as long as its request lives. */
export function createArrivals(
  app: FastifyInstance,
  ctx: Pick<ServerContext, 'authenticate' | 'bytes'>,
): Arrivals {
  const arrivals = new WeakMap<FastifyRequest, Arrival>();
  const ask = ({ headers, ip }: FastifyRequest) => ctx.authenticate(headers.authorization, ip);
  // Reached by every answer and every refusal, also of a client that has gone: not before the work is done.
  app.addHook('onSend', (request, _, payload, done) => {
    arrivals.get(request)?.hold.release();
    // The answer may be read slowly, and needs nothing of it.
    request.body = undefined;
    done(null, payload);
  });
  return {
    async enter(request) {
      const viewer = await ask(request);
      arrivals.set(request, {
        viewer,
        at: performance.now(),
        hold: ctx.bytes.hold(payer(viewer)),
      });
    },
    async readBody(request, payload, limit) {
      const arrival = arrivals.get(request);
      return arrival ? readBody(payload, limit, arrival.hold) : null;
    },
    async viewerOf(request) {
      const arrival = arrivals.get(request);
      if (!arrival) throw new Unauthenticated();
      return performance.now() - arrival.at < trustedForMs ? arrival.viewer : ask(request);
    },
  };
}
