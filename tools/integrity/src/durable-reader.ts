import type {
  DataPayload,
  ErrorPayload,
  GapPayload,
  PositionPayload,
  SubscribedPayload,
} from '@distributary/contracts';
import WebSocket from 'ws';
import type { LossLedger } from './loss-ledger.js';

export interface DurableReaderOptions {
  readonly url: string;
  /** Of the subscription: the service keeps its position under it. */
  readonly name: string;
  readonly patterns: readonly string[];
  /** Events whose id does not start with it are somebody else's. */
  readonly run: string;
}

interface Place {
  epoch: string;
  pos: string;
}

interface ReaderEvent {
  readonly event_id: string;
}

const SUBSCRIPTION = 'integrity';
const ACK_EVERY_MS = 100;
/** The service may take this long to store an acknowledgement. */
const ACK_STORED_WITHIN_MS = 1_000;
const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 1_000;
const TAKEN_RETRY_MS = 250;

/**
 * A durable, exclusive, at-least-once subscriber that comes back after every loss: its position is the service's to
 * keep; it only acknowledges, cumulatively and under its generation, and checks the chain of `prev` and `pos`.
 */
export class DurableReader {
  private socket: WebSocket | undefined;
  private isClosed = false;
  /** 0 until it was told. */
  generation = 0;
  private readonly lanes = new Map<string, Place>();
  private readonly unacked = new Set<string>();
  private deliveries = 0;
  private acks: { readonly atMs: number; readonly deliveries: number }[] = [];
  private acknowledgedDeliveries = 0;
  private timer: NodeJS.Timeout | undefined;
  private retryMs = RECONNECT_MIN_MS;
  private liveSince = 0;
  /** A frame whose `prev` was not what this subscription was told last. */
  brokenChains = 0;
  connections = 0;
  gaps = 0;
  readonly errors = new Set<string>();

  constructor(
    private readonly options: DurableReaderOptions,
    private readonly ledger: LossLedger,
  ) {}

  start(): void {
    this.connect();
    this.timer = setInterval(() => this.acknowledge(), ACK_EVERY_MS);
  }

  stop(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.socket?.close();
  }

  /** It owns the subscription and has been sent events since it last connected. */
  get isLive(): boolean {
    return this.liveSince > 0;
  }

  get isConnected(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Deliveries whose acknowledgement the service need not have stored by then: they may be repeated after a crash. */
  unacknowledgedAt(atMs: number): number {
    for (const ack of this.acks) {
      if (ack.atMs <= atMs - ACK_STORED_WITHIN_MS) this.acknowledgedDeliveries = ack.deliveries;
    }
    return this.deliveries - this.acknowledgedDeliveries;
  }

  private connect(): void {
    if (this.isClosed) return;
    const socket = new WebSocket(this.options.url);
    this.socket = socket;
    this.connections++;
    socket.on('open', () => this.subscribe());
    socket.on('message', (data: Buffer) =>
      this.take(JSON.parse(data.toString()) as { type: string; payload: unknown }),
    );
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.liveSince = 0;
      this.unacked.clear();
      setTimeout(() => this.connect(), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, RECONNECT_MAX_MS);
    });
  }

  private subscribe(): void {
    const { name, patterns } = this.options;
    this.send('subscribe', {
      id: SUBSCRIPTION,
      name,
      patterns,
      type: 'exclusive',
      delivery_guarantee: 'at_least_once',
      start: 'earliest',
    });
  }

  private take({ type, payload }: { type: string; payload: unknown }): void {
    if (type === 'data') return this.takeData(payload as DataPayload);
    if (type === 'position') return this.advance(payload as PositionPayload);
    if (type === 'gap') return this.takeGap(payload as GapPayload);
    if (type === 'subscribed') return this.subscribed(payload as SubscribedPayload);
    if (type === 'error') return this.refused(payload as ErrorPayload);
  }

  private subscribed({ positions, generation }: SubscribedPayload): void {
    this.generation = generation ?? 0;
    this.retryMs = RECONNECT_MIN_MS;
    this.lanes.clear();
    for (const { topic, partition, epoch, position } of positions) {
      this.lanes.set(`${topic}#${partition}`, { epoch, pos: position });
    }
    // Whatever was delivered after these positions and not acknowledged comes again.
    this.acks = [];
    this.acknowledgedDeliveries = this.deliveries;
  }

  private takeData(payload: DataPayload): void {
    const { run } = this.options;
    for (const { event_id: id } of payload.events as readonly ReaderEvent[]) {
      if (!id.startsWith(`${run}.`)) continue;
      const [, key, sequence] = id.split('.');
      this.ledger.received(key, Number(sequence));
      this.deliveries++;
    }
    this.liveSince ||= performance.now();
    this.advance(payload);
  }

  private takeGap(gap: GapPayload): void {
    const { lane, epoch, from, to } = gap;
    this.gaps++;
    this.ledger.announced({ lane, epoch, from, to });
    this.advance({ ...gap, prev: from, pos: to });
  }

  private advance({ lane, epoch, prev, pos }: Pick<DataPayload, 'lane' | 'epoch' | 'prev' | 'pos'>): void {
    const place = this.lanes.get(lane) ?? { epoch, pos: '' };
    if (place.epoch !== epoch || place.pos !== prev) this.brokenChains++;
    this.lanes.set(lane, { epoch, pos });
    this.unacked.add(lane);
  }

  private acknowledge(): void {
    if (this.unacked.size === 0 || this.socket?.readyState !== WebSocket.OPEN) return;
    const positions = [...this.unacked].map((lane) => {
      const { epoch, pos } = this.lanes.get(lane) as Place;
      const at = lane.lastIndexOf('#');
      return { topic: lane.slice(0, at), partition: Number(lane.slice(at + 1)), epoch, position: pos };
    });
    this.unacked.clear();
    this.send('ack', { id: SUBSCRIPTION, generation: this.generation, positions });
    const atMs = performance.now();
    while (this.acks.length > 1 && this.acks[1].atMs <= atMs - ACK_STORED_WITHIN_MS) this.acks.shift();
    this.acks.push({ atMs, deliveries: this.deliveries });
  }

  /** After a crash the old session's ownership has to expire first. */
  private refused({ code, message }: ErrorPayload): void {
    if (code !== 'subscription.taken') this.errors.add(`${code}: ${message}`);
    const { socket } = this;
    setTimeout(() => {
      if (socket === this.socket && socket?.readyState === WebSocket.OPEN && !this.isLive) this.subscribe();
    }, TAKEN_RETRY_MS);
  }

  private send(type: string, payload: unknown): void {
    this.socket?.send(JSON.stringify({ type, payload }));
  }
}
