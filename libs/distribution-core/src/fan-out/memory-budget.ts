import type { Gauge } from '../ports/metrics.port.js';
import type { Segments } from './segments.js';

/** Keeps the segments of all lanes together inside one number of bytes: the lane with the oldest segment gives first. */
export class MemoryBudget {
  private readonly members = new Set<Segments>();
  private usedBytes = 0;

  constructor(
    readonly limitBytes: number,
    private readonly gauge: Gauge,
  ) {}

  add(segments: Segments): void {
    this.members.add(segments);
    this.usedBytes += segments.bytes;
  }

  remove(segments: Segments): void {
    if (this.members.delete(segments)) this.usedBytes -= segments.bytes;
    this.gauge.set(this.usedBytes);
  }

  grewBy(bytes: number): void {
    this.usedBytes += bytes;
    while (this.usedBytes > this.limitBytes) {
      const freed = this.withOldest()?.dropOldest() ?? 0;
      if (freed === 0) break;
      this.usedBytes -= freed;
    }
    this.gauge.set(this.usedBytes);
  }

  private withOldest(): Segments | undefined {
    let found: Segments | undefined;
    let oldestMicros = Number.POSITIVE_INFINITY;
    for (const segments of this.members) {
      const micros = segments.oldest?.batch.appendedMicros;
      if (micros !== undefined && micros < oldestMicros) {
        oldestMicros = micros;
        found = segments;
      }
    }
    return found;
  }
}
