/** Limits the rate of frames: up to `perSecond` in a second, and as many at once. */
export class FrameRate {
  private readonly perSecond: number;
  private left: number;
  private refilledAt = performance.now();

  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.left = perSecond;
  }

  /** Whether more than half of the frames of a second are left. */
  get isPlenty(): boolean {
    return this.left > this.perSecond / 2;
  }

  refill(): void {
    const now = performance.now();
    this.left = Math.min(this.perSecond, this.left + ((now - this.refilledAt) / 1_000) * this.perSecond);
    this.refilledAt = now;
  }

  /** Whether one more frame is allowed. */
  get hasOne(): boolean {
    return this.left >= 1;
  }

  take(): void {
    this.left -= 1;
  }
}
