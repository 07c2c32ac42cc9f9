import net from 'node:net';
import { clientFrame, FrameReader, type FrameSink, HEADROOM_BYTES } from '../frame-reader.js';
import { UpgradeAnswer, upgradeRequest } from '../websocket-upgrade.js';

export interface IdleTarget {
  readonly port: number;
  readonly path: string;
  readonly localAddress: string;
}

export interface IdleReport {
  readonly onEvent: (connection: IdleConnection) => void;
  readonly onPing: () => void;
}

const READ_BYTES = 16 * 1024;
/** All sockets read into one buffer: what is read is dealt with before the next read. */
const shared = Buffer.allocUnsafeSlow(HEADROOM_BYTES + READ_BYTES);
const readBuffer = shared.subarray(HEADROOM_BYTES);
const DATA = '{"type":"data"';
const SUBSCRIBED = '{"type":"subscribed"';
const ERROR = '{"type":"error"';
const MAX_ERROR_CHARS = 200;

/** A subscriber that waits: it answers heartbeats, and notices its first event. */
export class IdleConnection implements FrameSink {
  isSubscribed = false;
  isClosed = false;
  hasEvent = false;
  lastError: string | undefined;
  /** Until it has come completely. */
  private upgrade: UpgradeAnswer | undefined = new UpgradeAnswer();
  private readonly reader = new FrameReader(this);
  private readonly socket: net.Socket;

  constructor(
    { port, path, localAddress }: IdleTarget,
    private readonly report: IdleReport,
  ) {
    this.socket = net.connect({
      host: '127.0.0.1',
      localAddress,
      port,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (bytes) => this.read(bytes) },
    });
    this.socket.on('connect', () => this.socket.write(upgradeRequest(port, path)));
    this.socket.on('error', (error) => (this.lastError ??= error.message));
    this.socket.on('close', () => (this.isClosed = true));
  }

  begin(head: Buffer): boolean {
    const startsWith = (text: string) => head.toString('latin1', 0, text.length) === text;
    if (startsWith(DATA)) {
      if (!this.hasEvent) this.report.onEvent(this);
      this.hasEvent = true;
    } else if (startsWith(SUBSCRIBED)) this.isSubscribed = true;
    else if (startsWith(ERROR)) this.lastError ??= head.toString('latin1', 0, MAX_ERROR_CHARS);
    return false;
  }

  end(): void {
    // Its beginning said enough.
  }

  ping(payload: Buffer): void {
    this.report.onPing();
    this.socket.write(clientFrame('pong', payload));
  }

  close(code: number, reason: string): void {
    this.lastError ??= `closed with ${code} ${reason}`;
    this.socket.destroy();
  }

  private read(bytes: number): boolean {
    const end = HEADROOM_BYTES + bytes;
    const framesAt = this.upgrade === undefined ? HEADROOM_BYTES : this.upgrade.read(shared, HEADROOM_BYTES, end);
    if (framesAt !== undefined) {
      this.upgrade = undefined;
      this.reader.read(shared, framesAt, end);
    } else if (this.upgrade?.refusal !== undefined) {
      this.lastError = this.upgrade.refusal;
      this.socket.destroy();
    }
    return true;
  }
}
