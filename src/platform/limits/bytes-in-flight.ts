import { createOutage, type Logger } from '../../logger.ts';
import { createByteShare, type Hold } from './byte-share.ts';
import { networkOf } from './network.ts';

/*
 * Bytes are counted as they come and until their request is answered, by viewer and for the process: bodies,
 * messages of sockets, and pictures that are fetched. An announced length proves nothing, so it only serves to
 * refuse early. Each piece counts half a kilobyte more than its bytes, because that is what it takes. Of a body that
 * is refused nothing is kept; the rest of it is read and thrown away, because a client whose connection is cut does
 * not read when to come again. Nothing is read of a request that has shown no good credential.
 */

/** Bytes that clients have sent to this process, or named, and that it is not done with. */
export interface BytesInFlight {
  /** Opens a count for one request of a viewer, by name; null is the admin. */
  hold(viewer: string | null): Hold;
  /** Opens one for a client that has not said who it is, by its address. */
  holdOfStranger(address: string): Hold;
}

/**
 * What strangers may hold, by what viewers may: each network, and all of them. They send a token and no more; but thousands
 * of sockets may come back at once, through one proxy.
 */
const strangers = {
  all: { share: 1 / 8, atLeast: 1_048_576 },
  each: { share: 1 / 32, atLeast: 65_536 },
};

/**
 * Counts up to `each` bytes for one viewer and up to `all` together. `each` is less, so one alone never takes all. The
 * admin and strangers are counted apart: what viewers send keeps neither of them out, and strangers keep out no viewer.
 */
export function createBytesInFlight(limits: { all: number; each: number }, log: Logger): BytesInFlight {
  const { all, each } = limits;
  const ofViewers = createByteShare(
    limits,
    createOutage(log, {
      failed: 'clients have sent as much as this process takes at a time, and some are refused',
      over: 'clients are not refused any more for what others have sent',
    }),
  );
  const outageOfStrangers = createOutage(log, {
    failed: 'sockets without a key have sent as much as this process takes of them, and some are refused',
    over: 'sockets without a key are not refused any more for what others have sent',
  });
  const ofStrangers = createByteShare(
    {
      all: Math.max(all * strangers.all.share, strangers.all.atLeast),
      each: Math.max(all * strangers.each.share, strangers.each.atLeast),
    },
    outageOfStrangers,
  );
  // Alone in it, the admin reaches the limit of one sender first.
  const ofAdmin = createByteShare({ all: each, each }, { failed: () => undefined, worked: () => undefined });
  return {
    hold: (viewer) => (viewer === null ? ofAdmin.hold('admin') : ofViewers.hold(viewer)),
    holdOfStranger: (address) => ofStrangers.hold(networkOf(address)),
  };
}
