import net from 'node:net';
import tls from 'node:tls';
import { constants, inflateRawSync } from 'node:zlib';
import { encodeCursor } from '@distributary/distribution-core';
import type { FrameMemo, KnownFrame } from './frame-memo.js';
import { clientFrame, FrameReader, type FrameSink, HEADROOM_BYTES } from './frame-reader.js';
import { UpgradeAnswer, upgradeRequest } from './websocket-upgrade.js';

export interface LoadTarget {
  readonly port: number;
  /** With the query that subscribes at once. */
  readonly path: string;
  /** Whatever certificate is there is taken. */
  readonly isTls?: boolean;
  readonly isDeflated?: boolean;
  /** What it subscribes to when it is told to; absent: the path says it. */
  readonly subscription?: Readonly<Record<string, unknown>>;
  /** A durable subscription. */
  readonly durable?: { readonly name: string; readonly acknowledgeEveryMs: number };
}

export interface LoadConnectionEvents {
  readonly onReady: (connection: LoadConnection) => void;
  readonly onFrame: (connection: LoadConnection, frame: KnownFrame, payload: Buffer | undefined) => void;
  readonly onClosed: (connection: LoadConnection) => void;
}

interface LanePlace {
  epoch: string;
  pos: string;
}

interface ControlMessage {
  readonly type: string;
  readonly payload: {
    readonly positions?: readonly { topic: string; partition: number; epoch: string; position: string }[];
    readonly catalog_version?: number;
    readonly lane?: string;
    readonly epoch?: string;
    readonly prev?: string;
    readonly pos?: string;
    readonly from?: string;
    readonly to?: string;
    readonly code?: number | string;
    readonly message?: string;
    readonly recovered?: string;
    readonly generation?: number;
  };
}

/** All sockets read into one buffer, one after the other: what is read is dealt with before the next read. */
const READ_BYTES = 256 * 1024;
const shared = Buffer.allocUnsafeSlow(HEADROOM_BYTES + READ_BYTES);
const readBuffer = shared.subarray(HEADROOM_BYTES);

/** One subscriber of the load: a socket, a handshake, and the checks that cost next to nothing per event. */
export class LoadConnection implements FrameSink {
  isReady = false;
  isClosed = false;
  /** Of this connection's subscription, so across its reconnects. */
  events = 0;
  readonly lanes = new Map<string, LanePlace>();
  brokenChains = 0;
  gaps = 0;
  /** Of the last `subscribed`. */
  recovered: string | undefined;
  /** How often it has been told that it is subscribed: 2 after one loss. */
  subscribedTimes = 0;
  lastError: string | undefined;
  private catalogVersion = 0;
  private generation = 0;
  private subscription: LoadTarget['subscription'];
  private acknowledging: NodeJS.Timeout | undefined;
  private acknowledged = '';
  private socket: net.Socket | undefined;
  private reader = new FrameReader(this);
  /** Until it has come completely. */
  private upgrade: UpgradeAnswer | undefined;
  private frame: KnownFrame | undefined;
  private isDeflated = false;
  private last: KnownFrame | undefined;
  /** Rotates through the events of frames, so that each place in a frame is sampled alike. */
  rotation: number;

  constructor(
    readonly index: number,
    readonly isSampled: boolean,
    private readonly memo: FrameMemo,
    private readonly report: LoadConnectionEvents,
  ) {
    this.rotation = index;
  }

  /** May be called again after it was closed. `resume` goes on from what it was told last. */
  connect(target: LoadTarget, resume: boolean): void {
    const { port, path, durable } = target;
    this.subscription = target.subscription;
    this.isReady = false;
    this.isClosed = false;
    this.upgrade = new UpgradeAnswer();
    this.reader = new FrameReader(this);
    this.frame = undefined;
    this.last = undefined;
    const start = resume ? `&start=${this.cursor()}` : '';
    const name = durable === undefined ? '' : `&name=${durable.name}`;
    const socket = this.open(target);
    this.socket = socket;
    socket.on(target.isTls ? 'secureConnect' : 'connect', () => {
      const extension = target.isDeflated ? 'permessage-deflate' : undefined;
      socket.write(upgradeRequest(port, `${path}${start}${name}`, extension));
    });
    if (durable !== undefined) this.acknowledgeEvery(durable.acknowledgeEveryMs);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.isReady = false;
      this.isClosed = true;
      clearInterval(this.acknowledging);
      this.report.onClosed(this);
    });
  }

  end(payload: Buffer | undefined): void {
    const message = payload !== undefined && this.isDeflated ? inflated(payload) : payload;
    const frame =
      this.frame ??
      (message === undefined ? undefined : this.memo.learn(message, this.isDeflated ? payload : undefined));
    this.frame = undefined;
    if (frame === undefined) {
      if (message !== undefined) this.control(JSON.parse(message.toString()) as ControlMessage);
      return;
    }
    if (this.last !== undefined && this.last.next === undefined && this.last !== frame) this.last.next = frame;
    this.last = frame;
    this.advance(frame.lane, frame.epoch, frame.prev, frame.pos);
    this.events += frame.count;
    this.report.onFrame(this, frame, this.isSampled ? message : undefined);
  }

  begin(head: Buffer, payloadBytes: number, isDeflated: boolean): boolean {
    this.isDeflated = isDeflated;
    this.frame = this.memo.find(head, payloadBytes, this.last?.next, isDeflated);
    return this.frame === undefined || this.isSampled;
  }

  subscribe(): void {
    this.say({ type: 'subscribe', payload: { id: 'query', ...this.subscription } });
  }

  ping(payload: Buffer): void {
    this.socket?.write(clientFrame('pong', payload));
  }

  close(code: number): void {
    this.socket?.end(clientFrame('close', Buffer.from([code >> 8, code & 0xff])));
  }

  /** As if the network went away. */
  cut(): void {
    this.socket?.destroy();
  }

  private open({ port, isTls }: LoadTarget): net.Socket {
    const to = { host: '127.0.0.1', port };
    if (!isTls) {
      const onread = { buffer: readBuffer, callback: (bytes: number) => this.read(bytes) };
      return net.connect({ ...to, noDelay: true, onread });
    }
    const socket = tls.connect({ ...to, rejectUnauthorized: false });
    socket.setNoDelay(true);
    // A socket of TLS does not read into a buffer of ours.
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += READ_BYTES) {
        const bytes = chunk.copy(shared, HEADROOM_BYTES, at, Math.min(chunk.length, at + READ_BYTES));
        this.read(bytes);
      }
    });
    return socket;
  }

  /** Everything that has come; not all connections at the same moment. */
  private acknowledgeEvery(ms: number): void {
    const acknowledge = () => {
      const cursor = this.cursor();
      if (!this.isReady || cursor === this.acknowledged) return;
      this.acknowledged = cursor;
      this.say({ type: 'ack', payload: { id: 'query', generation: this.generation, cursor } });
    };
    setTimeout(() => (this.acknowledging = setInterval(acknowledge, ms)), Math.random() * ms);
  }

  private cursor(): string {
    const positions = [...this.lanes].map(([lane, { epoch, pos }]) => {
      const at = lane.lastIndexOf('#');
      return { topic: lane.slice(0, at), partition: Number(lane.slice(at + 1)), epoch, position: pos };
    });
    return encodeCursor({ catalogVersion: this.catalogVersion, positions });
  }

  private say(message: object): void {
    this.socket?.write(clientFrame('text', Buffer.from(JSON.stringify(message))));
  }

  private read(bytes: number): boolean {
    const end = HEADROOM_BYTES + bytes;
    const framesAt = this.upgrade === undefined ? HEADROOM_BYTES : this.upgrade.read(shared, HEADROOM_BYTES, end);
    if (framesAt !== undefined) {
      this.upgrade = undefined;
      this.reader.read(shared, framesAt, end);
    } else if (this.upgrade?.refusal !== undefined) {
      this.lastError = this.upgrade.refusal;
      this.cut();
    }
    return true;
  }

  private control({ type, payload }: ControlMessage): void {
    if (type === 'subscribed') {
      this.recovered = payload.recovered;
      this.catalogVersion = payload.catalog_version ?? 0;
      this.generation = payload.generation ?? 0;
      for (const { topic, partition, epoch, position } of payload.positions ?? []) {
        this.stand(`${topic}#${partition}`, epoch, position);
      }
      this.becomeReady();
    } else if (type === 'ready' || (type === 'welcome' && this.subscription !== undefined)) {
      this.becomeReady();
    } else if (type === 'position') {
      this.advance(payload.lane ?? '', payload.epoch ?? '', payload.prev ?? '', payload.pos ?? '');
    } else if (type === 'gap') {
      this.gaps++;
      this.advance(payload.lane ?? '', payload.epoch ?? '', payload.from ?? '', payload.to ?? '');
    } else if (type === 'error') {
      this.lastError = `${payload.code}: ${payload.message}`;
    }
  }

  private becomeReady(): void {
    this.isReady = true;
    this.subscribedTimes++;
    this.report.onReady(this);
  }

  /** After a resume the server says where it stands; that must be where this side stands. */
  private stand(lane: string, epoch: string, position: string): void {
    const place = this.lanes.get(lane);
    if (place !== undefined && (place.epoch !== epoch || place.pos !== position)) this.brokenChains++;
    this.lanes.set(lane, { epoch, pos: position });
  }

  private advance(lane: string, epoch: string, prev: string, pos: string): void {
    if (lane === '') return;
    const place = this.lanes.get(lane);
    if (place === undefined) {
      this.lanes.set(lane, { epoch, pos });
      return;
    }
    if (place.epoch !== epoch || place.pos !== prev) this.brokenChains++;
    place.epoch = epoch;
    place.pos = pos;
  }
}

/** What a sync flush ends in, which is not sent (RFC 7692, 7.2.2). */
const FLUSH_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

const inflated = (payload: Buffer): Buffer =>
  inflateRawSync(Buffer.concat([payload, FLUSH_TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
