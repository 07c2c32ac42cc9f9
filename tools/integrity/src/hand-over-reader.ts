import type { DataPayload, ErrorPayload, SubscribedPayload, SubscribePayload } from '@distributary/contracts';
import WebSocket from 'ws';
import type { LossLedger } from './loss-ledger.js';

export interface HandOverReaderOptions {
  readonly url: string;
  readonly name: string;
  readonly type: NonNullable<SubscribePayload['type']>;
  readonly patterns: readonly string[];
  /** Events whose id does not start with it are somebody else's. */
  readonly run: string;
}

const SUBSCRIPTION = 'hand-over';
const ACK_EVERY_MS = 50;
/** The service may take this long to store an acknowledgement. */
const ACK_STORED_WITHIN_MS = 1_000;
const TAKEN_RETRY_MS = 100;
const MAX_UNACKED = 200;

/** One of those who take turns with a durable subscription, or share it; acknowledges as its type asks. */
export class HandOverReader {
  generation = 0;
  deliveries = 0;
  /** What it was sent in vain after another one had taken over. */
  afterLoss = 0;
  /** Stops acknowledging, as a receiver that hangs. */
  isHolding = false;
  /** From now on it counts as replaced. */
  isReplaced = false;
  readonly errors: string[] = [];
  private socket: WebSocket | undefined;
  private isClosed = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly positions = new Map<string, SubscribedPayload['positions'][number]>();
  private pendingIds: string[] = [];
  private acknowledged = 0;
  private readonly acks: { readonly atMs: number; readonly deliveries: number }[] = [];

  constructor(
    private readonly options: HandOverReaderOptions,
    private readonly ledger: LossLedger,
  ) {}

  start(): this {
    const socket = new WebSocket(this.options.url);
    this.socket = socket;
    socket.on('open', () => this.subscribe());
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) =>
      this.take(JSON.parse(data.toString()) as { type: string; payload: unknown }),
    );
    this.timer = setInterval(() => this.acknowledge(), ACK_EVERY_MS);
    return this;
  }

  /** Cut off, as a client that is gone without a word. */
  cut(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.socket?.terminate();
  }

  describe(): string {
    const { generation, deliveries, afterLoss, errors } = this;
    return `generation ${generation}, ${deliveries} delivered, ${this.pendingIds.length} pending, ${afterLoss} after loss, errors ${errors.join() || 'none'}`;
  }

  get owns(): boolean {
    return this.generation > 0;
  }

  /** Deliveries whose acknowledgement the service need not have stored yet: they may be repeated. */
  unacknowledged(): number {
    const atMs = performance.now();
    const stored = this.acks.filter((ack) => ack.atMs <= atMs - ACK_STORED_WITHIN_MS).at(-1)?.deliveries ?? 0;
    return this.deliveries - stored;
  }

  /** All that it was sent, now, under the generation that it has. */
  acknowledge(force = false): void {
    if (this.socket?.readyState !== WebSocket.OPEN || (this.isHolding && !force)) return;
    if (this.isSingle) {
      if (this.pendingIds.length === 0) return;
      this.send('ack', { id: SUBSCRIPTION, generation: this.generation, event_ids: this.pendingIds });
      this.pendingIds = [];
    } else {
      const positions = [...this.positions.values()].filter(({ position }) => position !== '');
      if (positions.length === 0 || (this.deliveries === this.acknowledged && !force)) return;
      this.send('ack', { id: SUBSCRIPTION, generation: this.generation, positions });
    }
    this.acknowledged = this.deliveries;
    this.acks.push({ atMs: performance.now(), deliveries: this.deliveries });
    if (this.acks.length > 100) this.acks.shift();
  }

  private get isSingle(): boolean {
    return this.options.type === 'shared' || this.options.type === 'key_shared';
  }

  private subscribe(): void {
    const { name, type, patterns } = this.options;
    this.send('subscribe', {
      id: SUBSCRIPTION,
      name,
      type,
      patterns,
      start: 'earliest',
      ...(this.isSingle && { max_unacked: MAX_UNACKED }),
    });
  }

  private take({ type, payload }: { type: string; payload: unknown }): void {
    if (type === 'subscribed') this.subscribed(payload as SubscribedPayload);
    else if (type === 'data') this.takeData(payload as DataPayload);
    else if (type === 'position') this.advance(payload as DataPayload);
    else if (type === 'error') this.refused(payload as ErrorPayload);
  }

  private subscribed({ generation = 0, positions }: SubscribedPayload): void {
    this.generation = generation;
    this.positions.clear();
    for (const position of positions) this.positions.set(`${position.topic}#${position.partition}`, position);
  }

  private takeData(payload: DataPayload): void {
    for (const { event_id: id } of payload.events as readonly { readonly event_id: string }[]) {
      // Events of the service itself are acknowledged too: one that is not holds up its lane.
      if (this.isSingle && !this.isReplaced) this.pendingIds.push(id);
      if (!id.startsWith(`${this.options.run}.`)) continue;
      if (this.isReplaced) {
        this.afterLoss++;
        continue;
      }
      const [, key, sequence] = id.split('.');
      this.ledger.received(key, Number(sequence));
      this.deliveries++;
    }
    if (!this.isSingle) this.advance(payload);
  }

  private advance({ lane, epoch, pos }: Pick<DataPayload, 'lane' | 'epoch' | 'pos'>): void {
    const at = lane.lastIndexOf('#');
    this.positions.set(lane, { topic: lane.slice(0, at), partition: Number(lane.slice(at + 1)), epoch, position: pos });
  }

  /** While another process has it, asks again. */
  private refused({ code }: ErrorPayload): void {
    if (code !== 'subscription.taken') {
      this.errors.push(code);
      return;
    }
    setTimeout(() => {
      if (!this.isClosed && !this.owns && this.socket?.readyState === WebSocket.OPEN) this.subscribe();
    }, TAKEN_RETRY_MS);
  }

  private send(type: string, payload: unknown): void {
    this.socket?.send(JSON.stringify({ type, payload }));
  }
}
