import { setTimeout as sleep } from 'node:timers/promises';

/** A wait that can be shortened. Only one caller waits at a time. */
export class Alarm {
  /** When the wait must end at the latest, also if it begins later. */
  private ringsAt = Number.POSITIVE_INFINITY;
  private changed = new AbortController();

  /** Makes the present wait, or the next one, end within this time. */
  within(ms: number): void {
    const at = performance.now() + ms;
    if (at >= this.ringsAt) return;
    this.ringsAt = at;
    this.changed.abort();
  }

  /** Waits for this time, or until an earlier moment that `within` has set. */
  async wait(ms: number): Promise<void> {
    const endsAt = performance.now() + ms;
    while (true) {
      const leftMs = Math.min(endsAt, this.ringsAt) - performance.now();
      if (leftMs <= 0) break;
      this.changed = new AbortController();
      await sleep(leftMs, undefined, { signal: this.changed.signal }).catch(() => undefined);
    }
    if (this.ringsAt <= performance.now()) this.ringsAt = Number.POSITIVE_INFINITY;
  }
}
