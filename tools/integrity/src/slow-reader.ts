import type {
  ByePayload,
  DataPayload,
  ErrorPayload,
  GapPayload,
  PositionPayload,
  SubscribedPayload,
  WireSlowPolicy,
} from '@distributary/contracts';
import { type DeliveredEvent, type DeliveredMarketEvent, monotonicMicros, sequenceOf } from '@distributary/bench';
import WebSocket from 'ws';

export interface ReceivedEvent {
  readonly sequence: number;
  /** `monotonicMicros`. */
  readonly atMicros: number;
}

export interface ReceivedGap {
  readonly reason: string;
  readonly count: number | undefined;
  readonly isExact: boolean;
  readonly atMicros: number;
}

const SUBSCRIPTION = 'slow';

interface Arrived {
  readonly data: Buffer;
  readonly atMicros: number;
}

/**
 * A subscriber that stops reading when it is told to: its socket is paused, so nothing is read, pings included, and no
 * pong goes out. It keeps all that it is told, unread until `digest`: parsing it meanwhile would take the time of the
 * readers that are measured on the same cores.
 */
export class SlowReader {
  private readonly socket: WebSocket;
  readonly events: ReceivedEvent[] = [];
  readonly gaps: ReceivedGap[] = [];
  /** Events that conflated frames stand for, and that they hold. */
  merged = 0;
  sentInMerged = 0;
  isMergedExact = true;
  mergedFrames = 0;
  brokenChains = 0;
  isSubscribed = false;
  bye: { readonly code: number; readonly serverMs: number; readonly atMicros: number } | undefined;
  closeCode: number | undefined;
  readonly errors: string[] = [];
  private readonly lanes = new Map<string, string>();
  private arrived: Arrived[] = [];

  constructor(
    url: string,
    readonly policy: WireSlowPolicy,
    topic: string,
  ) {
    this.socket = new WebSocket(url);
    const payload = {
      id: SUBSCRIPTION,
      patterns: [topic],
      slow_policy: policy,
      delivery_guarantee: 'at_most_once',
      start: 'latest',
    };
    this.socket.on('open', () => this.socket.send(JSON.stringify({ type: 'subscribe', payload })));
    this.socket.on('message', (data: Buffer) => {
      const message = { data, atMicros: monotonicMicros() };
      if (this.isSubscribed) this.arrived.push(message);
      else this.take(message);
    });
    this.socket.on('close', (code: number) => (this.closeCode = code));
    this.socket.on('error', (error) => this.errors.push(error.message));
  }

  stopReading(): void {
    this.socket.pause();
  }

  readAgain(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.terminate();
  }

  /** Reads what has arrived; to be called before what it wrote down is looked at. */
  digest(): void {
    const { arrived } = this;
    this.arrived = [];
    for (const message of arrived) this.take(message);
  }

  private take({ data, atMicros }: Arrived): void {
    const { type, payload, timestamp } = JSON.parse(data.toString()) as {
      type: string;
      payload: unknown;
      timestamp: string;
    };
    if (type === 'data') this.takeData(payload as DataPayload, atMicros);
    else if (type === 'position') this.advance(payload as PositionPayload);
    else if (type === 'gap') this.takeGap(payload as GapPayload, atMicros);
    else if (type === 'subscribed') this.subscribed(payload as SubscribedPayload);
    else if (type === 'bye') {
      const { code } = payload as ByePayload;
      this.bye = { code, serverMs: Date.parse(timestamp), atMicros };
    } else if (type === 'error') {
      const { code, message } = payload as ErrorPayload;
      this.errors.push(`${code}: ${message}`);
    }
  }

  private subscribed({ positions }: SubscribedPayload): void {
    for (const { topic, partition, position } of positions) this.lanes.set(`${topic}#${partition}`, position);
    this.isSubscribed = true;
  }

  private takeData(payload: DataPayload, atMicros: number): void {
    const sequences = (payload.events as readonly (DeliveredEvent | DeliveredMarketEvent)[])
      .map(sequenceOf)
      .filter((sequence) => sequence !== undefined);
    for (const sequence of sequences) this.events.push({ sequence, atMicros });
    if (payload.merged !== undefined) {
      this.mergedFrames++;
      this.merged += payload.merged;
      this.sentInMerged += sequences.length;
      this.isMergedExact &&= payload.merged_exact === true;
    }
    this.advance(payload);
  }

  private takeGap({ lane, from, to, reason, count, count_exact: isExact }: GapPayload, atMicros: number): void {
    this.gaps.push({ reason, count, isExact: isExact === true, atMicros });
    this.advance({ lane, prev: from, pos: to });
  }

  private advance({ lane, prev, pos }: Pick<DataPayload, 'lane' | 'prev' | 'pos'>): void {
    if ((this.lanes.get(lane) ?? '') !== prev) this.brokenChains++;
    this.lanes.set(lane, pos);
  }
}
