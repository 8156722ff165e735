import { Overloaded, RateLimited } from '../../errors.ts';

/*
 * Four viewers can fill the limit that all share, and one attacker can have four accounts. So small requests do not
 * depend on what others hold: each viewer has a reserve for them, beyond the limit of all. The size of all reserves
 * together is limited. When very many viewers hold bytes each reserve gets smaller, and with about twenty thousand
 * viewers it is too small for a request of 200 bytes. One common reserve would not work, because attackers would fill
 * it with small requests. The admin is counted alone. Clients that are not authenticated yet have a share of their
 * own, by network.
 */

/** The count of the bytes that one request holds. */
export interface Hold {
  /**
   * Counts bytes that have come, in one or more pieces. Throws RateLimited when the sender has too many bytes,
   * Overloaded when all senders of the share have too many together.
   */
  add(bytes: number, pieces?: number): void;
  /** Counts nothing. Throws the same errors when this number of bytes would be too many now. */
  expect(bytes: number): void;
  /** Ends the count: the request does not hold its bytes any more. */
  release(): void;
}

/** A count of bytes, by sender and for all senders together. */
export interface ByteShare {
  /** Opens a count for one request of a sender. */
  hold(name: string): Hold;
}

/** Is called for each refusal because of the limit of all, and when less than half of the limit is held. */
interface Listener {
  failed(refusal: Overloaded): void;
  worked(): void;
}

/** The bytes that one sender holds. */
interface Held {
  readonly bytes: number;
  /** The part of `bytes` that belongs to small requests. */
  readonly small: number;
}

const retryAfterMs = 1_000;
/** A request that holds at most this is a small request. Almost all are. */
const smallBytes = 65_536;
/** The part of one sender's limit that only small requests may use. */
const ownShareForSmall = 1 / 8;
/** The reserve of each sender for small requests, however much other senders hold. */
const reserveBytes = 4 * smallBytes;
/** The size of all reserves together, as a part of `all`: with very many senders each reserve is smaller. */
const shareOfReserves = 1 / 16;
/** The memory of a piece beside its bytes: a body may come byte by byte, each in a buffer of its own. */
const pieceBytes = 512;

/**
 * Counts up to `each` bytes for one sender and up to `all` together. Each sender has a reserve of its own for small
 * requests, which others cannot fill. It comes on top of `all`.
 */
export function createByteShare(limits: { all: number; each: number }, listener: Listener): ByteShare {
  const { all, each } = limits;
  const held = new Map<string, Held>();
  let total = 0;

  const heldBy = (name: string): Held => held.get(name) ?? { bytes: 0, small: 0 };

  function count(name: string, more: Held): void {
    const { bytes, small } = heldBy(name);
    total += more.bytes;
    if (bytes + more.bytes > 0) held.set(name, { bytes: bytes + more.bytes, small: small + more.small });
    else held.delete(name);
    if (total < all / 2) listener.worked();
  }

  function reserveOfEach(): number {
    const ofMany = (all * shareOfReserves) / Math.max(1, held.size);
    return Math.min(reserveBytes, each * ownShareForSmall, ofMany);
  }

  function refuseMore(name: string, more: number, isSmall: boolean): void {
    const { bytes, small } = heldBy(name);
    if (bytes + more > each * (isSmall ? 1 : 1 - ownShareForSmall))
      throw new RateLimited('You have sent too much that is still being worked on.', retryAfterMs);
    if (total + more <= all || (isSmall && small + more <= reserveOfEach())) return;
    const refusal = new Overloaded('This server has too much to work on.', retryAfterMs);
    listener.failed(refusal);
    throw refusal;
  }

  return {
    hold(name) {
      let own: Held = { bytes: 0, small: 0 };
      return {
        expect: (bytes) => refuseMore(name, bytes, bytes <= smallBytes),
        add(bytes, pieces = 1) {
          const more = bytes + pieces * pieceBytes;
          const sum = own.bytes + more;
          const isSmall = sum <= smallBytes;
          refuseMore(name, more, isSmall);
          const small = isSmall ? sum : 0;
          count(name, { bytes: more, small: small - own.small });
          own = { bytes: sum, small };
        },
        release() {
          count(name, { bytes: -own.bytes, small: -own.small });
          own = { bytes: 0, small: 0 };
        },
      };
    },
  };
}
