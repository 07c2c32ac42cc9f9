import net from 'node:net';
import type { GrpcCall } from './grpc-method.js';
import { openingBytes, pingAck, settingsAck, WINDOW_BYTES, windowUpdates } from './http2-frames.js';
import { HEADROOM_BYTES, Http2Reader, type Http2Sink } from './http2-reader.js';
import type { KnownMessage, MessageMemo } from './message-memo.js';
import { MessageReader, type MessageSink } from './message-reader.js';

/** All sockets read into one buffer, one after the other: what is read is dealt with before the next read. */
const READ_BYTES = 256 * 1024;
const shared = Buffer.allocUnsafeSlow(HEADROOM_BYTES + READ_BYTES);
const readBuffer = shared.subarray(HEADROOM_BYTES);

/** `message` only on streams that are sampled. */
export type OnMessage = (stream: GrpcStream, known: KnownMessage, message: Buffer | undefined) => void;

/** One subscriber of the load: a connection with one call, and the checks that cost next to nothing per event. */
export class GrpcStream implements Http2Sink, MessageSink {
  isReady = false;
  isClosed = false;
  events = 0;
  gaps = 0;
  brokenChains = 0;
  lastError: string | undefined;
  /** Rotates through the events of messages, so that each place in a message is sampled alike. */
  rotation: number;
  /** Where each lane stands. */
  private readonly lanes = new Map<string, string>();
  private socket: net.Socket | undefined;
  private readonly frames = new Http2Reader(this);
  private readonly messages = new MessageReader(this);
  private unconfirmedBytes = 0;
  private message: KnownMessage | undefined;
  private last: KnownMessage | undefined;

  constructor(
    index: number,
    private readonly isSampled: boolean,
    private readonly call: GrpcCall,
    private readonly memo: MessageMemo,
    private readonly onMessage: OnMessage,
  ) {
    this.rotation = index;
  }

  connect(port: number): void {
    const { path, request, endsItsHalf } = this.call;
    const socket = net.connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          this.frames.read(shared, HEADROOM_BYTES, HEADROOM_BYTES + bytes);
          return true;
        },
      },
    });
    this.socket = socket;
    socket.write(openingBytes(`127.0.0.1:${port}`, path, request, endsItsHalf));
    socket.on('error', (error) => (this.lastError = error.message));
    socket.on('close', () => (this.isClosed = true));
  }

  data(buffer: Buffer, from: number, to: number): void {
    this.unconfirmedBytes += to - from;
    this.messages.read(buffer, from, to);
    if (this.unconfirmedBytes < WINDOW_BYTES / 2) return;
    this.socket?.write(windowUpdates(this.unconfirmedBytes));
    this.unconfirmedBytes = 0;
  }

  settings(): void {
    this.socket?.write(settingsAck());
  }

  ping(payload: Buffer): void {
    this.socket?.write(pingAck(payload));
  }

  /** The call is over: nobody asked for that. */
  end(): void {
    this.isClosed = true;
  }

  begin(head: Buffer, messageBytes: number): boolean {
    this.message = this.memo.find(head, messageBytes, this.last?.next);
    return this.message === undefined || this.isSampled;
  }

  take(message: Buffer | undefined): void {
    const known = this.message ?? this.memo.learn(message as Buffer);
    this.message = undefined;
    this.follow(known);
    if (known.count === 0) return;
    if (this.last !== undefined && this.last.next === undefined && this.last !== known) this.last.next = known;
    this.last = known;
    this.events += known.count;
    this.onMessage(this, known, this.isSampled ? message : undefined);
  }

  private follow({ told }: KnownMessage): void {
    if (told?.type === 'subscribed') this.isReady = true;
    if (told?.type === 'error') this.lastError = told.text;
    if (told?.type !== 'moved') return;
    const { lane, prev, pos, isGap } = told;
    if (isGap) this.gaps++;
    const before = this.lanes.get(lane);
    if (before !== undefined && before !== prev) this.brokenChains++;
    this.lanes.set(lane, pos);
  }
}
