import { build as buildHistogram } from 'hdr-histogram-js';
import { serveParent } from '../child-program.js';
import { scanEvents } from '../event-text.js';
import type { Window } from '../load-messages.js';
import { monotonicMicros } from '../monotonic-clock.js';
import { SequenceCheck, type SequenceFindings } from '../sequence-check.js';
import type { GrpcLoadAnswer, GrpcLoadCommand, GrpcLoadResult } from './grpc-load-messages.js';
import { callOf } from './grpc-method.js';
import { GrpcStream } from './grpc-stream.js';
import { type KnownMessage, MessageMemo } from './message-memo.js';

/**
 * The subscribers of a gRPC bench: many connections with a stream each on one thread.
 *
 *   parent ──connect, measure, finish──▶ this ──▶ HTTP/2 × N ──▶ service
 */
const CONNECT_DEADLINE_MS = 30_000;
const MAX_SAMPLES = 400_000;
/** About one in so many messages is kept for the join with the publisher's answers. */
const SAMPLE_EVERY_MESSAGES = 7;
const MAX_LATENCY_MICROS = 600_000_000;
const MAX_ERRORS = 5;

type ConnectCommand = Extract<GrpcLoadCommand, { readonly type: 'connect' }>;

class GrpcLoad {
  private readonly streams: GrpcStream[];
  private readonly checks = new Map<GrpcStream, SequenceCheck>();
  private readonly histogram = buildHistogram({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_LATENCY_MICROS,
    numberOfSignificantValueDigits: 3,
  });
  private readonly samples = new Float64Array(MAX_SAMPLES * 3);
  private sampleCount = 0;
  private seen = 0;
  private deliveries = 0;
  private messages = 0;
  private bytes = 0;
  private window: Window = { fromMicros: Infinity, toMicros: Infinity };
  private lastMessageMicros = 0;

  constructor(private readonly command: ConnectCommand) {
    const { count, sampleEvery, keys, method, topic } = command;
    const call = callOf(method, topic);
    const memo = new MessageMemo(call.read);
    this.streams = Array.from({ length: count }, (_, index) => {
      const isSampled = index % sampleEvery === 0;
      const stream = new GrpcStream(index, isSampled, call, memo, this.take);
      if (isSampled) this.checks.set(stream, new SequenceCheck(keys));
      return stream;
    });
  }

  async connect(): Promise<GrpcLoadAnswer> {
    for (const stream of this.streams) stream.connect(this.command.port);
    const endMs = performance.now() + CONNECT_DEADLINE_MS;
    while (this.streams.some(({ isReady, isClosed }) => !isReady && !isClosed) && performance.now() < endMs) {
      await pause(5);
    }
    const failed = this.streams.filter(({ isReady }) => !isReady).length;
    return { type: 'connected', failed, errors: this.errors() };
  }

  measure(window: Window): void {
    this.window = window;
  }

  async finish(events: number, quietMs: number): Promise<GrpcLoadResult> {
    const startedMicros = monotonicMicros();
    const isComplete = () => this.streams.every((stream) => stream.events >= events);
    const isQuiet = () => monotonicMicros() - Math.max(this.lastMessageMicros, startedMicros) > quietMs * 1000;
    while (!isComplete() && !isQuiet()) await pause(10);
    const ms = (percentile: number) => this.histogram.getValueAtPercentile(percentile) / 1000;
    return {
      type: 'result',
      closed: this.streams.filter(({ isClosed }) => isClosed).length,
      gaps: this.streams.reduce((sum, { gaps }) => sum + gaps, 0),
      events: this.streams.reduce((sum, stream) => sum + stream.events, 0),
      brokenChains: this.streams.reduce((sum, { brokenChains }) => sum + brokenChains, 0),
      deliveries: this.deliveries,
      messages: this.messages,
      eventBytes: this.bytes / Math.max(1, this.deliveries),
      fromScheduled: { p50: ms(50), p99: ms(99), p999: ms(99.9), max: this.histogram.maxValue / 1000 },
      sampled: addUp([...this.checks.values()].map((check) => check.findings(events))),
      errors: this.errors(),
      samples: this.samples.slice(0, this.sampleCount * 3),
    };
  }

  private readonly take = (stream: GrpcStream, known: KnownMessage, message: Buffer | undefined): void => {
    const now = monotonicMicros();
    const { count, stamps, sequences } = known;
    const { fromMicros, toMicros } = this.window;
    this.lastMessageMicros = now;
    if (now >= fromMicros && now <= toMicros) {
      this.deliveries += count;
      this.messages++;
      this.bytes += known.messageBytes;
    }
    const place = stream.rotation++ % count;
    const stamp = stamps[place];
    if (stamp >= fromMicros && stamp <= toMicros) {
      this.histogram.recordValueWithCount(Math.min(MAX_LATENCY_MICROS, Math.max(0, Math.round(now - stamp))), count);
      if (this.seen++ % SAMPLE_EVERY_MESSAGES === 0 && this.sampleCount < MAX_SAMPLES) {
        this.samples.set([sequences[place], now, count], this.sampleCount++ * 3);
      }
    }
    if (message === undefined) return;
    // Read again from its own bytes: what the memo says of it is what is checked.
    const scan = scanEvents(message);
    const check = this.checks.get(stream);
    for (const sequence of scan.sequences) check?.take(sequence);
    if (scan.count !== count) throw new Error(`a message of ${scan.count} events was counted as ${count}`);
  };

  private errors(): string[] {
    const errors = this.streams.map(({ lastError }) => lastError).filter((error) => error !== undefined);
    return [...new Set(errors)].slice(0, MAX_ERRORS);
  }
}

function addUp(findings: readonly SequenceFindings[]): SequenceFindings {
  const sum = (field: keyof SequenceFindings) => findings.reduce((total, each) => total + each[field], 0);
  return {
    received: sum('received'),
    missing: sum('missing'),
    duplicated: sum('duplicated'),
    outOfOrder: sum('outOfOrder'),
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let load: GrpcLoad | undefined;

serveParent<GrpcLoadCommand, GrpcLoadAnswer>(async (command, answer) => {
  switch (command.type) {
    case 'connect':
      load = new GrpcLoad(command);
      return answer(await load.connect());
    case 'measure':
      return load?.measure(command.window);
    case 'finish':
      if (load !== undefined) answer(await load.finish(command.events, command.quietMs));
      return;
  }
});
