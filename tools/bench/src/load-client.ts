import { serveParent } from './child-program.js';
import { addUpConflation, ConflationCheck } from './conflation-check.js';
import { EventNumbering } from './event-numbering.js';
import { type DeliveredEvent, type DeliveredMarketEvent, sequenceOf } from './event-text.js';
import { FrameMemo, type KnownFrame } from './frame-memo.js';
import { LoadConnection } from './load-connection.js';
import type { LoadAnswer, LoadCommand, LoadResult, Window } from './load-messages.js';
import { monotonicMicros } from './monotonic-clock.js';
import { errorsOf, Receipts } from './receipts.js';
import { addUpFindings, SequenceCheck, type SequenceFindings } from './sequence-check.js';
import { ONE_TOPIC, topicsOf } from './topic-share.js';

/**
 * The subscribers of a bench: many connections on one thread, told over the parent's channel what to do.
 *
 *   parent ──connect, measure, finish──▶ this ──▶ socket × N ──▶ service or twin
 */
const HANDSHAKES_AT_ONCE = 64;
const RECONNECT_MIN_MS = 100;
const RECONNECT_SPREAD_MS = 900;

type AnyEvent = DeliveredEvent | DeliveredMarketEvent;

interface DeliveredMessage {
  readonly payload?: { readonly events?: readonly AnyEvent[]; readonly merged?: number };
}

type ConnectCommand = Extract<LoadCommand, { readonly type: 'connect' }>;

class Load {
  private readonly memo = new FrameMemo();
  private readonly connections: LoadConnection[] = [];
  private readonly checks = new Map<LoadConnection, SequenceCheck>();
  private readonly conflationChecks = new Map<LoadConnection, ConflationCheck>();
  /** Of connections that are checked: the place of each topic among theirs. */
  private readonly ranks = new Map<LoadConnection, ReadonlyMap<number, number>>();
  private readonly numbering: EventNumbering;
  private readonly receipts = new Receipts();
  private lastLiveMicros = 0;
  private eventBytes = 0;
  private isEnding = false;

  constructor(private readonly command: ConnectCommand) {
    const { topics = 1, block = 1, count, sampleEvery, share = ONE_TOPIC, keys, conflates = false } = command;
    this.numbering = new EventNumbering(topics, block);
    const report = {
      onReady: () => (this.lastLiveMicros = monotonicMicros()),
      onFrame: (connection: LoadConnection, frame: KnownFrame, payload: Buffer | undefined) =>
        this.take(connection, frame, payload),
      onClosed: (connection: LoadConnection) => this.lost(connection),
    };
    for (let index = 0; index < count; index++) {
      const isSampled = index % sampleEvery === 0;
      const connection = new LoadConnection(index, isSampled, this.memo, report);
      this.connections.push(connection);
      if (!isSampled) continue;
      this.ranks.set(connection, new Map(this.topicsOf(connection).map((topic, rank) => [topic, rank])));
      if (conflates) {
        const topicOf = (sequence: number) => this.numbering.topicOf(sequence);
        this.conflationChecks.set(connection, new ConflationCheck(topics, topicOf));
      } else this.checks.set(connection, new SequenceCheck(keys * share.each));
    }
  }

  async connect(deadlineMs: number): Promise<LoadAnswer> {
    const startedAt = performance.now();
    let next = 0;
    while (performance.now() - startedAt < deadlineMs) {
      const started = this.connections.slice(0, next);
      const open = started.filter((connection) => !connection.isReady && !connection.isClosed).length;
      for (let room = HANDSHAKES_AT_ONCE - open; room > 0 && next < this.connections.length; room--) {
        this.open(this.connections[next++], false);
      }
      if (next === this.connections.length && this.connections.every((each) => each.isReady)) break;
      await pause(5);
    }
    const failed = this.connections.filter((connection) => !connection.isReady);
    return {
      type: 'connected',
      tookMs: performance.now() - startedAt,
      failed: failed.length,
      errors: errorsOf(this.connections),
    };
  }

  subscribe(): void {
    for (const connection of this.connections) connection.subscribe();
  }

  measure(window: Window): void {
    this.receipts.measure(window);
  }

  async awaitLive(times: number, deadlineMs: number): Promise<LoadAnswer> {
    const endMs = performance.now() + deadlineMs;
    const isLive = () => this.connections.every((each) => each.isReady && each.subscribedTimes >= times);
    while (!isLive() && performance.now() < endMs) await pause(5);
    const live = this.connections.filter((each) => each.isReady && each.subscribedTimes >= times).length;
    return { type: 'live', lastLiveMicros: this.lastLiveMicros, live, errors: errorsOf(this.connections) };
  }

  async finish(events: readonly number[], quietMs: number, withSamples: boolean): Promise<LoadResult> {
    const { receipts } = this;
    const due = this.connections.map((connection) =>
      this.topicsOf(connection).reduce((sum, topic) => sum + events[topic], 0),
    );
    const dueTo = ({ index }: LoadConnection) => due[index];
    const isComplete = () => this.connections.every((connection) => this.eventsOf(connection) >= dueTo(connection));
    await receipts.untilComplete(isComplete, quietMs);
    const recovered: Record<string, number> = {};
    for (const { recovered: how } of this.connections) recovered[how ?? '-'] = (recovered[how ?? '-'] ?? 0) + 1;
    return {
      type: 'result',
      connections: this.connections.length,
      closed: this.connections.filter((connection) => connection.isClosed).length,
      events: this.connections.reduce((sum, connection) => sum + this.eventsOf(connection), 0),
      due: due.reduce((sum, each) => sum + each, 0),
      deliveries: receipts.deliveries,
      framesInWindow: receipts.messages,
      lastFrameMicros: receipts.lastMicros,
      eventBytes: this.eventBytes,
      fromScheduled: receipts.latencies,
      brokenChains: this.connections.reduce((sum, connection) => sum + connection.brokenChains, 0),
      gaps: this.connections.reduce((sum, connection) => sum + connection.gaps, 0),
      sampledConnections: this.ranks.size,
      sampled: this.sampledFindings(dueTo),
      ...(this.conflationChecks.size > 0 && { conflation: this.conflationFindings(events) }),
      recovered,
      errors: errorsOf(this.connections),
      samples: withSamples ? receipts.samples : new Float64Array(0),
    };
  }

  close(): void {
    this.isEnding = true;
    for (const connection of this.connections) connection.cut();
  }

  private take(connection: LoadConnection, frame: KnownFrame, payload: Buffer | undefined): void {
    this.receipts.take(frame, frame.payloadBytes, connection.rotation++);
    if (payload !== undefined && frame.count > 0) this.check(connection, frame, payload);
  }

  /** The whole way, as a client would go it: the message parsed, each of its events looked at. */
  private check(connection: LoadConnection, frame: KnownFrame, payload: Buffer): void {
    const message = JSON.parse(payload.toString()) as DeliveredMessage & AnyEvent;
    const sequences = (message.payload?.events ?? [message]).map(sequenceOf).filter((each) => each !== undefined);
    const check = this.checks.get(connection);
    if (check !== undefined) for (const sequence of sequences) check.take(this.numberFor(connection, sequence));
    this.conflationChecks.get(connection)?.take(sequences, this.receipts.isMeasuring, message.payload?.merged);
    if (sequences.length !== frame.count)
      throw new Error(`a frame of ${sequences.length} events was counted as ${frame.count}`);
    if (this.eventBytes === 0) this.eventBytes = deliveredBytesOf(payload, frame);
  }

  private topicsOf({ index }: LoadConnection): readonly number[] {
    return topicsOf(index, this.numbering.topics, this.command.share ?? ONE_TOPIC);
  }

  /** Those of all its topics, counted from 0, so that each key has the remainder of its own. */
  private numberFor(connection: LoadConnection, sequence: number): number {
    const ranks = this.ranks.get(connection) as ReadonlyMap<number, number>;
    const rank = ranks.get(this.numbering.topicOf(sequence));
    if (rank === undefined) throw new Error(`event ${sequence} is of a topic that nobody asked for here`);
    return this.numbering.placeOf(sequence) * ranks.size + rank;
  }

  private eventsOf(connection: LoadConnection): number {
    return this.conflationChecks.get(connection)?.accountedFor ?? connection.events;
  }

  private sampledFindings(dueTo: (connection: LoadConnection) => number): SequenceFindings {
    return addUpFindings([
      ...[...this.checks].map(([connection, check]) => check.findings(dueTo(connection))),
      ...[...this.conflationChecks.values()].map(({ accountedFor: received, outOfOrder }) => ({
        received,
        missing: 0,
        duplicated: 0,
        outOfOrder,
      })),
    ]);
  }

  /** The events of a topic are accepted in their order, so the last one is known by their number. */
  private conflationFindings(acceptedOf: readonly number[]) {
    const newestOf = acceptedOf.map((accepted, topic) =>
      accepted === 0 ? -1 : this.numbering.sequenceAt(topic, accepted - 1),
    );
    return addUpConflation([...this.conflationChecks.values()].map((check) => check.findings(newestOf)));
  }

  private open(connection: LoadConnection, resume: boolean): void {
    const { targets } = this.command;
    connection.connect(targets[connection.index % targets.length], resume);
  }

  private lost(connection: LoadConnection): void {
    if (!this.command.reconnects || this.isEnding) return;
    const again = () => this.open(connection, connection.lanes.size > 0);
    setTimeout(again, RECONNECT_MIN_MS + Math.random() * RECONNECT_SPREAD_MS);
  }
}

/** Of one event, the comma after it included. */
function deliveredBytesOf(payload: Buffer, frame: KnownFrame): number {
  const closing = 2;
  return frame.lane === '' ? payload.length : (payload.length - frame.headBytes - closing) / frame.count;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const CONNECT_DEADLINE_MS = 60_000;

let load: Load | undefined;

serveParent<LoadCommand, LoadAnswer>(async (command, answer) => {
  switch (command.type) {
    case 'connect':
      load = new Load(command);
      return answer(await load.connect(CONNECT_DEADLINE_MS));
    case 'subscribe':
      return load?.subscribe();
    case 'measure':
      return load?.measure(command.window);
    case 'await-live':
      if (load !== undefined) answer(await load.awaitLive(command.times, command.deadlineMs));
      return;
    case 'finish':
      if (load !== undefined) answer(await load.finish(command.events, command.quietMs, command.withSamples));
      return;
    case 'close':
      load?.close();
      load = undefined;
      return answer({ type: 'closed' });
  }
});
