const EVERY_MS = 20;

/** The most resident memory of this process while it watches, in MiB: what was kept from before is in it. */
export class PeakMemory {
  private peak = process.memoryUsage.rss();
  private readonly timer = setInterval(() => this.look(), EVERY_MS);

  stop(): number {
    this.look();
    clearInterval(this.timer);
    return this.peak / 2 ** 20;
  }

  private look(): void {
    this.peak = Math.max(this.peak, process.memoryUsage.rss());
  }
}
