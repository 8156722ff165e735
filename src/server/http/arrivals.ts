import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Unauthenticated } from '../../errors.ts';
import { limitKey, type Viewer } from '../../platform/auth/viewer.ts';
import type { Hold } from '../../platform/limits/byte-share.ts';
import type { ServerContext } from '../server-context.ts';
import { readBody } from './read-body.ts';

/** When a body takes longer than this to read, its key is checked again, because it may have been revoked meanwhile. */
const trustedForMs = 500;

/** Authenticates a request before its body is read, and again when the reading took long. */
export interface Arrivals {
  /** For `onRequest`. Throws what `authenticate` throws. */
  enter(request: FastifyRequest): Promise<void>;
  /**
   * For content type parsers: the body, whose bytes are counted for the viewer until the request is answered. Null,
   * without reading anything, for a request that `enter` has not accepted. Throws what `readBody` throws.
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

/** Makes the authentication of requests. It keeps a viewer as long as the request exists. */
export function createArrivals(
  app: FastifyInstance,
  ctx: Pick<ServerContext, 'authenticate' | 'bytes'>,
): Arrivals {
  const arrivals = new WeakMap<FastifyRequest, Arrival>();
  const ask = ({ headers, ip }: FastifyRequest) => ctx.authenticate(headers.authorization, ip);
  // This hook runs for every response, refusals included, also when the client has gone. It runs after the work is
  // done.
  app.addHook('onSend', (request, _, payload, done) => {
    arrivals.get(request)?.hold.release();
    // The response may be read slowly, and does not need the body.
    request.body = undefined;
    done(null, payload);
  });
  return {
    async enter(request) {
      const viewer = await ask(request);
      arrivals.set(request, {
        viewer,
        at: performance.now(),
        hold: ctx.bytes.hold(limitKey(viewer)),
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
