import { setTimeout as sleep } from 'node:timers/promises';

/** The pause after a hint, so that events that follow one after another share the next hint. */
const gatherMs = 20;

/**
 * Makes the function that sends hints. Projects that are named while a hint is being sent, or during the pause after
 * it, share the next hint. A hint that cannot be sent is dropped, because followers read the table again by themselves.
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
