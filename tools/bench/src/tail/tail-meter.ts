import type { TailResult } from './tail-messages.js';

/** Counts from the first batch on: whatever it takes to join, to find lanes, and to connect, comes before. */
export class TailMeter {
  private first = 0;
  private total = 0;
  private bytes = 0;
  private startedMs = 0;
  private cpuAtStart: NodeJS.CpuUsage | undefined;
  private end: (result: TailResult) => void = () => undefined;
  readonly ended = new Promise<TailResult>((resolve) => {
    this.end = resolve;
  });

  constructor(
    private readonly events: number,
    private readonly valueBytes: number,
  ) {}

  take(count: number, bytes: number): void {
    this.total += count;
    this.bytes += bytes;
    if (this.cpuAtStart === undefined) {
      this.first = count;
      this.startedMs = performance.now();
      this.cpuAtStart = process.cpuUsage();
    }
    if (this.total >= this.events) this.end(this.result());
  }

  private result(): TailResult {
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    const due = this.events * this.valueBytes;
    const isWhole = this.total === this.events && this.bytes === due;
    return {
      type: 'result',
      events: this.total - this.first,
      seconds: (performance.now() - this.startedMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
      finding: isWhole ? undefined : `${this.total} events of ${this.bytes} B, not ${this.events} of ${due} B`,
    };
  }
}
