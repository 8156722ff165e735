import { LRUCache } from 'lru-cache';
import type { Logger } from '../../logger.ts';

/** The most messages that are remembered. A message that is no longer remembered may be logged again. */
const mostRemembered = 10_000;

/** Logs that something is wrong with a stored object. `facts` name the object. */
export type LogOnce = (facts: Readonly<Record<string, string | number>>, message: string) => void;

/** Logs each message about an object once, because a client can request the same address any number of times. */
export function createLogOnce(log: Pick<Logger, 'error'>): LogOnce {
  const logged = new LRUCache<string, true>({ max: mostRemembered });
  return (facts, message) => {
    const key = JSON.stringify([message, facts]);
    if (logged.has(key)) return;
    logged.set(key, true);
    log.error(facts, message);
  };
}
