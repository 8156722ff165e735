/** How many frames may still come: so many in a second, and as many at once. */
export class FrameRate {
  private readonly perSecond: number;
  private left: number;
  private refilledAt = performance.now();

  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.left = perSecond;
  }

  /** Whether this has not been used much of late. */
  get isPlenty(): boolean {
    return this.left > this.perSecond / 2;
  }

  refill(): void {
    const now = performance.now();
    this.left = Math.min(this.perSecond, this.left + ((now - this.refilledAt) / 1_000) * this.perSecond);
    this.refilledAt = now;
  }

  /** Whether one more may come. */
  get hasOne(): boolean {
    return this.left >= 1;
  }

  take(): void {
    this.left -= 1;
  }
}
