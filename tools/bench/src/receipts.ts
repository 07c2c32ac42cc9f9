import { build as buildHistogram } from 'hdr-histogram-js';
import type { Scan } from './event-text.js';
import type { Latencies, Window } from './load-messages.js';
import { monotonicMicros } from './monotonic-clock.js';

const MAX_SAMPLES = 400_000;
/** About one in so many messages is kept for the join with the publisher's answers. */
const SAMPLE_EVERY = 7;
const MAX_LATENCY_MICROS = 600_000_000;
const POLL_MS = 10;

/** What the subscribers of a load got, all together, whatever brought it: counted by the window, with latencies. */
export class Receipts {
  /** Within the window. */
  deliveries = 0;
  messages = 0;
  bytes = 0;
  /** Of the last message at all. */
  lastMicros = 0;
  private window: Window = { fromMicros: Infinity, toMicros: Infinity };
  private sampled = 0;
  private sampleCount = 0;
  private readonly collected = new Float64Array(MAX_SAMPLES * 3);
  private readonly histogram = buildHistogram({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_LATENCY_MICROS,
    numberOfSignificantValueDigits: 3,
  });

  measure(window: Window): void {
    this.window = window;
  }

  /** Whether the last message came within the window. */
  get isMeasuring(): boolean {
    return this.lastMicros >= this.window.fromMicros && this.lastMicros <= this.window.toMicros;
  }

  /** A message has come. One of its events, the one at `turn`, stands for all of them. */
  take({ count, stamps, sequences }: Scan, bytes: number, turn: number): void {
    const now = monotonicMicros();
    const { fromMicros, toMicros } = this.window;
    this.lastMicros = now;
    if (count === 0) return;
    if (this.isMeasuring) {
      this.deliveries += count;
      this.messages++;
      this.bytes += bytes;
    }
    const place = turn % count;
    const stamp = stamps[place];
    if (stamp < fromMicros || stamp > toMicros) return;
    this.histogram.recordValueWithCount(Math.min(MAX_LATENCY_MICROS, Math.max(0, Math.round(now - stamp))), count);
    if (this.sampled++ % SAMPLE_EVERY !== 0 || this.sampleCount === MAX_SAMPLES) return;
    this.collected.set([sequences[place], now, count], this.sampleCount++ * 3);
  }

  /** Resolves when it is complete, or when nothing has come for `quietMs`. */
  async untilComplete(isComplete: () => boolean, quietMs: number): Promise<void> {
    const startedMicros = monotonicMicros();
    const isQuiet = () => monotonicMicros() - Math.max(this.lastMicros, startedMicros) > quietMs * 1000;
    while (!isComplete() && !isQuiet()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  /** From the scheduled send, of the events that were due within the window. */
  get latencies(): Latencies {
    const ms = (percentile: number) => this.histogram.getValueAtPercentile(percentile) / 1000;
    return { p50: ms(50), p99: ms(99), p999: ms(99.9), max: this.histogram.maxValue / 1000 };
  }

  /** Triples: sequence, received micros, deliveries that it stands for. */
  get samples(): Float64Array {
    return this.collected.slice(0, this.sampleCount * 3);
  }
}

const MAX_ERRORS = 5;

/** The first few different ones. */
export const errorsOf = (connections: readonly { readonly lastError: string | undefined }[]): string[] => {
  const errors = connections.map(({ lastError }) => lastError).filter((error) => error !== undefined);
  return [...new Set(errors)].slice(0, MAX_ERRORS);
};
