import { serveParent } from '../child-program.js';
import { scanEvents } from '../event-text.js';
import { errorsOf, Receipts } from '../receipts.js';
import { addUpFindings, SequenceCheck } from '../sequence-check.js';
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

type ConnectCommand = Extract<GrpcLoadCommand, { readonly type: 'connect' }>;

class GrpcLoad {
  private readonly streams: GrpcStream[];
  private readonly checks = new Map<GrpcStream, SequenceCheck>();
  readonly receipts = new Receipts();

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
    return { type: 'connected', failed, errors: errorsOf(this.streams) };
  }

  async finish(events: number, quietMs: number): Promise<GrpcLoadResult> {
    const { receipts } = this;
    await receipts.untilComplete(() => this.streams.every((stream) => stream.events >= events), quietMs);
    return {
      type: 'result',
      closed: this.streams.filter(({ isClosed }) => isClosed).length,
      gaps: this.streams.reduce((sum, { gaps }) => sum + gaps, 0),
      events: this.streams.reduce((sum, stream) => sum + stream.events, 0),
      brokenChains: this.streams.reduce((sum, { brokenChains }) => sum + brokenChains, 0),
      deliveries: receipts.deliveries,
      messages: receipts.messages,
      eventBytes: receipts.bytes / Math.max(1, receipts.deliveries),
      fromScheduled: receipts.latencies,
      sampled: addUpFindings([...this.checks.values()].map((check) => check.findings(events))),
      errors: errorsOf(this.streams),
      samples: receipts.samples,
    };
  }

  private readonly take = (stream: GrpcStream, known: KnownMessage, message: Buffer | undefined): void => {
    this.receipts.take(known, known.messageBytes, stream.rotation++);
    if (message === undefined) return;
    // Read again from its own bytes: what the memo says of it is what is checked.
    const scan = scanEvents(message);
    const check = this.checks.get(stream);
    for (const sequence of scan.sequences) check?.take(sequence);
    if (scan.count !== known.count) {
      throw new Error(`a message of ${scan.count} events was counted as ${known.count}`);
    }
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
      return load?.receipts.measure(command.window);
    case 'finish':
      if (load !== undefined) answer(await load.finish(command.events, command.quietMs));
      return;
  }
});
