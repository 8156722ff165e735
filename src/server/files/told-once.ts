import { LRUCache } from 'lru-cache';
import type { Logger } from '../../logger.ts';

/** So many stored things are remembered. The log tells of one that was forgotten a second time. */
const mostTold = 10_000;

/** Tells the log of something that is wrong with a stored thing; `facts` name the thing. */
export type TellOnce = (facts: Readonly<Record<string, string | number>>, message: string) => void;

/** Tells each thing and message once: a client that has an address can ask for it any number of times. */
export function createTellOnce(log: Pick<Logger, 'error'>): TellOnce {
  const told = new LRUCache<string, true>({ max: mostTold });
  return (facts, message) => {
    const key = JSON.stringify([message, facts]);
    if (told.has(key)) return;
    told.set(key, true);
    log.error(facts, message);
  };
}
