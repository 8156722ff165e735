import { setTimeout as sleep } from 'node:timers/promises';

/** After a hint the next one waits for so long, so that events which come one after another share it. */
const gatherMs = 10;

/**
 * Makes what sends hints: the projects that are named while others are gathered or sent go together with the next. A hint
 * that cannot be sent is dropped, since all who follow look again by themselves.
 */
export function createHints(
  send: (projectIds: readonly string[]) => Promise<unknown>,
): (projectId: string) => void {
  const gathered = new Set<string>();
  let isSending = false;

  async function sendAll(): Promise<void> {
    while (gathered.size > 0) {
      const projectIds = [...gathered];
      gathered.clear();
      await send(projectIds).catch(() => undefined);
      await sleep(gatherMs);
    }
  }

  return (projectId) => {
    gathered.add(projectId);
    if (isSending) return;
    isSending = true;
    void sendAll().finally(() => {
      isSending = false;
    });
  };
}
