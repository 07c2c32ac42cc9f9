import type {
  DataPayload,
  ErrorPayload,
  GapPayload,
  PositionPayload,
  StatusPayload,
  SubscribedPayload,
  WireDeliveryGuarantee,
} from '@distributary/contracts';
import type { LossLedger } from './loss-ledger.js';
import { StreamConnection } from './stream-connection.js';

export interface DurableReaderOptions {
  readonly urls: readonly string[];
  /** Of the subscription: the service keeps its position under it. */
  readonly name: string;
  readonly patterns: readonly string[];
  /** Events whose id does not start with it are somebody else's. */
  readonly run: string;
  readonly guarantee?: WireDeliveryGuarantee;
  readonly silentAfterMs?: number;
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
const TAKEN_RETRY_MS = 250;

/**
 * A durable, exclusive subscriber that comes back after every loss: its position is the service's to keep; it only
 * acknowledges, cumulatively and under its generation, and checks the chain of `prev` and `pos`.
 *
 * Under `at_most_once` what was sent counts as received: the positions of `subscribed` are then the announcement of what
 * lies between them and the last that it has.
 */
export class DurableReader {
  private readonly connection: StreamConnection;
  /** 0 until it was told. */
  generation = 0;
  private readonly lanes = new Map<string, Place>();
  private readonly unacked = new Set<string>();
  deliveries = 0;
  private acks: { readonly atMs: number; readonly deliveries: number }[] = [];
  private acknowledgedDeliveries = 0;
  private timer: NodeJS.Timeout | undefined;
  private liveSince = 0;
  /** Deliveries before a loss whose acknowledgement need not have been stored: they may rightly come again. */
  repeatable = 0;
  /** A frame whose `prev` was not what this subscription was told last. */
  brokenChains = 0;
  gaps = 0;
  /** Times that it was told that its subscription is recovering. */
  recoverings = 0;
  readonly errors = new Set<string>();

  constructor(
    private readonly options: DurableReaderOptions,
    private readonly ledger: LossLedger,
  ) {
    const { urls, silentAfterMs } = options;
    this.connection = new StreamConnection({
      urls,
      silentAfterMs,
      onOpen: () => this.subscribe(),
      onMessage: (type, payload) => this.take(type, payload),
      onClose: () => this.lost(),
    });
  }

  start(): void {
    this.connection.start();
    this.timer = setInterval(() => this.acknowledge(), ACK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.connection.stop();
  }

  cut(): void {
    this.connection.cut();
  }

  get connections(): number {
    return this.connection.attempts;
  }

  /** It owns the subscription and has been sent events since it last connected. */
  get isLive(): boolean {
    return this.liveSince > 0;
  }

  get hasBegun(): boolean {
    return this.generation > 0;
  }

  get isConnected(): boolean {
    return this.connection.isOpen;
  }

  /** Deliveries whose acknowledgement the service need not have stored by then: they may be repeated after a crash. */
  unacknowledgedAt(atMs: number): number {
    for (const ack of this.acks) {
      if (ack.atMs <= atMs - ACK_STORED_WITHIN_MS) this.acknowledgedDeliveries = ack.deliveries;
    }
    return this.deliveries - this.acknowledgedDeliveries;
  }

  private lost(): void {
    if (this.isLive) this.repeatable += this.unacknowledgedAt(performance.now());
    this.liveSince = 0;
    this.unacked.clear();
  }

  private subscribe(): void {
    const { name, patterns, guarantee = 'at_least_once' } = this.options;
    this.connection.send('subscribe', {
      id: SUBSCRIPTION,
      name,
      patterns,
      type: 'exclusive',
      delivery_guarantee: guarantee,
      start: 'earliest',
    });
  }

  private take(type: string, payload: unknown): void {
    if (type === 'data') return this.takeData(payload as DataPayload);
    if (type === 'position') return this.advance(payload as PositionPayload);
    if (type === 'gap') return this.takeGap(payload as GapPayload);
    if (type === 'subscribed') return this.subscribed(payload as SubscribedPayload);
    if (type === 'status' && (payload as StatusPayload).state === 'recovering') this.recoverings++;
    if (type === 'error') return this.refused(payload as ErrorPayload);
  }

  private subscribed({ positions, generation }: SubscribedPayload): void {
    this.generation = generation ?? 0;
    this.connection.works();
    const before = new Map(this.lanes);
    this.lanes.clear();
    for (const { topic, partition, epoch, position } of positions) {
      const lane = `${topic}#${partition}`;
      const last = before.get(lane);
      if (this.options.guarantee === 'at_most_once' && last?.epoch === epoch && last.pos < position) {
        this.gaps++;
        this.ledger.announced({ lane, epoch, from: last.pos, to: position });
      }
      this.lanes.set(lane, { epoch, pos: position });
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
      // At most once, metrics are conflated for a reader that is behind: the event stands for those of its key before it.
      if (payload.merged !== undefined) this.ledger.superseded(key, Number(sequence));
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
    if (this.unacked.size === 0 || !this.connection.isOpen) return;
    const positions = [...this.unacked].map((lane) => {
      const { epoch, pos } = this.lanes.get(lane) as Place;
      const at = lane.lastIndexOf('#');
      return { topic: lane.slice(0, at), partition: Number(lane.slice(at + 1)), epoch, position: pos };
    });
    this.unacked.clear();
    this.connection.send('ack', { id: SUBSCRIPTION, generation: this.generation, positions });
    const atMs = performance.now();
    while (this.acks.length > 1 && this.acks[1].atMs <= atMs - ACK_STORED_WITHIN_MS) this.acks.shift();
    this.acks.push({ atMs, deliveries: this.deliveries });
  }

  /** After a crash the old session's ownership has to expire first. */
  private refused({ code, message }: ErrorPayload): void {
    if (code !== 'subscription.taken') this.errors.add(`${code}: ${message}`);
    const { current } = this.connection;
    setTimeout(() => {
      if (current === this.connection.current && this.connection.isOpen && !this.isLive) this.subscribe();
    }, TAKEN_RETRY_MS);
  }
}
