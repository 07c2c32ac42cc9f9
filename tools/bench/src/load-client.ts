import { serveParent } from './child-program.js';
import { EventNumbering } from './event-numbering.js';
import { type DeliveredEvent, isStamped } from './event-text.js';
import { FrameMemo, type KnownFrame } from './frame-memo.js';
import { LoadConnection, type LoadTarget } from './load-connection.js';
import type { LoadAnswer, LoadCommand, LoadResult, Window } from './load-messages.js';
import { monotonicMicros } from './monotonic-clock.js';
import { errorsOf, Receipts } from './receipts.js';
import { addUpFindings, SequenceCheck } from './sequence-check.js';

/**
 * The subscribers of a bench: many connections on one thread, told over the parent's channel what to do.
 *
 *   parent ──connect, measure, finish──▶ this ──▶ socket × N ──▶ service or twin
 */
const HANDSHAKES_AT_ONCE = 64;
const RECONNECT_MIN_MS = 100;
const RECONNECT_SPREAD_MS = 900;

interface DeliveredMessage {
  readonly payload?: { readonly events?: readonly DeliveredEvent[] };
}

class Load {
  private readonly memo = new FrameMemo();
  private readonly connections: LoadConnection[] = [];
  private readonly checks = new Map<LoadConnection, SequenceCheck>();
  private readonly receipts = new Receipts();
  private lastLiveMicros = 0;
  private eventBytes = 0;
  private isEnding = false;

  constructor(
    private readonly targets: readonly LoadTarget[],
    private readonly reconnects: boolean,
    private readonly numbering: EventNumbering,
    count: number,
    sampleEvery: number,
    keys: number,
  ) {
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
      if (isSampled) this.checks.set(connection, new SequenceCheck(keys));
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
    const dueTo = (connection: LoadConnection) => events[connection.index % events.length];
    const isComplete = () => this.connections.every((connection) => connection.events >= dueTo(connection));
    await receipts.untilComplete(isComplete, quietMs);
    const recovered: Record<string, number> = {};
    for (const { recovered: how } of this.connections) recovered[how ?? '-'] = (recovered[how ?? '-'] ?? 0) + 1;
    return {
      type: 'result',
      connections: this.connections.length,
      closed: this.connections.filter((connection) => connection.isClosed).length,
      events: this.connections.reduce((sum, { events }) => sum + events, 0),
      due: this.connections.reduce((sum, connection) => sum + dueTo(connection), 0),
      deliveries: receipts.deliveries,
      framesInWindow: receipts.messages,
      lastFrameMicros: receipts.lastMicros,
      eventBytes: this.eventBytes,
      fromScheduled: receipts.latencies,
      brokenChains: this.connections.reduce((sum, connection) => sum + connection.brokenChains, 0),
      gaps: this.connections.reduce((sum, connection) => sum + connection.gaps, 0),
      sampledConnections: this.checks.size,
      sampled: addUpFindings([...this.checks].map(([connection, check]) => check.findings(dueTo(connection)))),
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
    const message = JSON.parse(payload.toString()) as DeliveredMessage & DeliveredEvent;
    const events = (message.payload?.events ?? [message]).filter(isStamped);
    const check = this.checks.get(connection);
    for (const event of events) check?.take(this.numbering.placeOf(event.data.current_value));
    if (events.length !== frame.count)
      throw new Error(`a frame of ${events.length} events was counted as ${frame.count}`);
    if (this.eventBytes === 0) this.eventBytes = deliveredBytesOf(payload, frame);
  }

  private open(connection: LoadConnection, resume: boolean): void {
    connection.connect(this.targets[connection.index % this.targets.length], resume);
  }

  private lost(connection: LoadConnection): void {
    if (!this.reconnects || this.isEnding) return;
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

function loadOf(command: Extract<LoadCommand, { readonly type: 'connect' }>): Load {
  const { targets, reconnects, topics = 1, block = 1, count, sampleEvery, keys } = command;
  return new Load(targets, reconnects, new EventNumbering(topics, block), count, sampleEvery, keys);
}

const CONNECT_DEADLINE_MS = 60_000;

let load: Load | undefined;

serveParent<LoadCommand, LoadAnswer>(async (command, answer) => {
  switch (command.type) {
    case 'connect':
      load = loadOf(command);
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
