import { Overloaded, RateLimited } from '../../errors.ts';
import { createOutage, type Logger } from '../../logger.ts';

/** Bytes that clients have sent to this process, or named, and that it is not done with. */
export interface BytesInFlight {
  /** Opens a count for one request of `who`: a viewer, or an address that has not said who it is. */
  hold(who: string): Hold;
}

/** What one request holds. */
export interface Hold {
  /** Counts a piece that has come. Throws RateLimited when `who` has too many bytes, Overloaded when the process has. */
  add(bytes: number): void;
  /** Counts nothing. Throws the same when so many would be too many now. */
  expect(bytes: number): void;
  /** All of them are done with. */
  release(): void;
}

const retryAfterMs = 1_000;
/** A request that holds no more than this is a small one, as almost all are. */
const smallBytes = 65_536;
/** What is kept for small requests: those who send much must not keep others, or themselves, from asking. */
const shareForSmall = 1 / 8;
/** What a piece takes beside its bytes: a body may come byte by byte, each in a buffer of its own. */
const pieceBytes = 512;

/** Counts up to `each` bytes for one and up to `all` together. `each` is less, so one alone never takes all. */
export function createBytesInFlight(limits: { all: number; each: number }, log: Logger): BytesInFlight {
  const { all, each } = limits;
  const held = new Map<string, number>();
  let total = 0;
  const outage = createOutage(log, {
    failed: 'clients have sent as much as this process takes at a time, and some are refused',
    over: 'clients are not refused any more for what others have sent',
  });

  function count(who: string, bytes: number): void {
    const sum = (held.get(who) ?? 0) + bytes;
    total += bytes;
    if (sum > 0) held.set(who, sum);
    else held.delete(who);
    if (total < all / 2) outage.worked();
  }

  function refuseMore(who: string, bytes: number, isSmall: boolean): void {
    const part = isSmall ? 1 : 1 - shareForSmall;
    if ((held.get(who) ?? 0) + bytes > each * part)
      throw new RateLimited('You have sent too much that is still being worked on.', retryAfterMs);
    if (total + bytes <= all * part) return;
    const refusal = new Overloaded('This server has too much to work on.', retryAfterMs);
    outage.failed(refusal);
    throw refusal;
  }

  return {
    hold(who) {
      let own = 0;
      return {
        expect: (bytes) => refuseMore(who, bytes, bytes <= smallBytes),
        add(bytes) {
          const more = bytes + pieceBytes;
          refuseMore(who, more, own + more <= smallBytes);
          own += more;
          count(who, more);
        },
        release() {
          count(who, -own);
          own = 0;
        },
      };
    },
  };
}
