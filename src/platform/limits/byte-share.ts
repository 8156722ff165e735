import { Overloaded, RateLimited } from '../../errors.ts';

/*
 * Four viewers can fill what all share, and nothing keeps one attacker from being four. So small requests do not
 * depend on what others hold: each viewer has a reserve for them, beyond the limit of all. All reserves together
 * have a size; where very many viewers hold something each reserve gets smaller, and only with some twenty thousand
 * is it too small for a request of 200 bytes. One part for the small requests of all would not do, because attackers
 * would fill it with small requests. The admin is counted alone. Clients that have not said who they are have a
 * share of their own, by network.
 */

/** What one request holds. */
export interface Hold {
  /**
   * Counts what has come, in one piece or more. Throws RateLimited when its sender has too many bytes, Overloaded when all
   * senders of the share have.
   */
  add(bytes: number, pieces?: number): void;
  /** Counts nothing. Throws the same when so many would be too many now. */
  expect(bytes: number): void;
  /** All of them are done with. */
  release(): void;
}

/** A count of bytes, by sender and for all senders together. */
export interface ByteShare {
  /** Opens a count for one request of a sender. */
  hold(name: string): Hold;
}

/** Is told of each refusal because of what all hold, and when they hold little. */
interface Listener {
  failed(refusal: Overloaded): void;
  worked(): void;
}

/** What one sender holds. */
interface Held {
  readonly bytes: number;
  /** Of these, the bytes of small requests. */
  readonly small: number;
}

const retryAfterMs = 1_000;
/** A request that holds no more than this is a small one, as almost all are. */
const smallBytes = 65_536;
/** Of what one sender may hold, the part that only small requests may use. */
const ownShareForSmall = 1 / 8;
/** What each sender's small requests may hold at least, however much all others hold. */
const reserveBytes = 4 * smallBytes;
/** All reserves together, by the share's size: with very many senders each has less. */
const shareOfReserves = 1 / 16;
/** What a piece takes beside its bytes: a body may come byte by byte, each in a buffer of its own. */
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
