import { createOutage, type Logger } from '../../logger.ts';
import { createByteShare, type Hold } from './byte-share.ts';
import { networkOf } from './network.ts';

/*
 * Bytes are counted as they come and until their request is answered, by viewer and for the process: bodies,
 * messages of sockets, and pictures that are fetched. An announced length proves nothing, so it only serves to
 * refuse early. Each piece counts half a kilobyte more than its bytes, because a buffer takes that memory. A refused
 * body is not kept; the rest of it is read and discarded, because a client whose connection is cut does not read the
 * time at which it may retry. The body of a request without a valid credential is not read.
 */

/** The bytes that clients have sent, or caused to be fetched, for requests that are not answered yet. */
export interface BytesInFlight {
  /** Opens a count for one request of a viewer, by name; null is the admin. */
  hold(viewer: string | null): Hold;
  /** Opens a count for a client that is not authenticated yet, by its address. */
  holdOfStranger(address: string): Hold;
}

/**
 * The limits for clients that are not authenticated, as parts of the limits for viewers: for all together and for each
 * network. They send only a token, but thousands of sockets may reconnect at once, through one proxy.
 */
const strangers = {
  all: { share: 1 / 8, atLeast: 1_048_576 },
  each: { share: 1 / 32, atLeast: 65_536 },
};

/**
 * Counts up to `each` bytes for one viewer and up to `all` together. `each` is less than `all`, so one viewer alone
 * cannot take everything. The admin, and clients that are not authenticated, are counted apart, so none of the three
 * groups can keep out another.
 */
export function createBytesInFlight(limits: { all: number; each: number }, log: Logger): BytesInFlight {
  const { all, each } = limits;
  const ofViewers = createByteShare(
    limits,
    createOutage(log, {
      failed: 'clients have sent as many bytes as this process accepts at a time, and some are refused',
      over: 'clients are not refused any more because of the bytes of other clients',
    }),
  );
  const outageOfStrangers = createOutage(log, {
    failed: 'sockets without a key have sent as many bytes as this process accepts, and some are refused',
    over: 'sockets without a key are not refused any more because of the bytes of others',
  });
  const ofStrangers = createByteShare(
    {
      all: Math.max(all * strangers.all.share, strangers.all.atLeast),
      each: Math.max(all * strangers.each.share, strangers.each.atLeast),
    },
    outageOfStrangers,
  );
  // The admin is the only sender of this share, so the limit `each` applies first.
  const ofAdmin = createByteShare({ all: each, each }, { failed: () => undefined, worked: () => undefined });
  return {
    hold: (viewer) => (viewer === null ? ofAdmin.hold('admin') : ofViewers.hold(viewer)),
    holdOfStranger: (address) => ofStrangers.hold(networkOf(address)),
  };
}
