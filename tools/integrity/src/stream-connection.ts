import type { ByePayload } from '@distributary/contracts';
import WebSocket from 'ws';

export interface StreamConnectionOptions {
  /** Tried in turn, each after the loss of the one before. */
  readonly urls: readonly string[];
  /** Nothing comes for so long, not even a ping, and the connection counts as lost. Absent: it is waited for ever. */
  readonly silentAfterMs?: number;
  onOpen(): void;
  onMessage(type: string, payload: unknown): void;
  onClose(): void;
}

const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 1_000;
const HANDSHAKE_TIMEOUT_MS = 2_000;

/** A WebSocket of the stream that comes back after every loss, as soon as it was told to or with a growing pause. */
export class StreamConnection {
  private socket: WebSocket | undefined;
  private isClosed = false;
  private retryMs = RECONNECT_MIN_MS;
  private toldRetryMs: number | undefined;
  private silence: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  /** By the clock of the service, when it made the last message. */
  serverTimeMs = Number.NaN;
  /** Begun, successful or not. */
  attempts = 0;

  constructor(private readonly options: StreamConnectionOptions) {}

  start(): void {
    this.connect();
  }

  stop(): void {
    this.isClosed = true;
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    this.socket?.close();
  }

  /** As a client that is gone without a word, and comes back. */
  cut(): void {
    this.socket?.terminate();
  }

  /** The connection of now; another one after a loss. */
  get current(): unknown {
    return this.socket;
  }

  get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** It does its work: the next loss is the first one again. */
  works(): void {
    this.retryMs = RECONNECT_MIN_MS;
  }

  send(type: string, payload: unknown): void {
    if (this.isOpen) this.socket?.send(JSON.stringify({ type, payload }));
  }

  private connect(): void {
    if (this.isClosed) return;
    const { urls, onOpen, onClose } = this.options;
    const socket = new WebSocket(urls[this.attempts++ % urls.length], { handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
    this.socket = socket;
    this.heard();
    socket.on('open', () => onOpen());
    socket.on('ping', () => this.heard());
    socket.on('message', (data: Buffer) => this.take(data));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(this.silence);
      onClose();
      this.retry = setTimeout(() => this.connect(), this.toldRetryMs ?? this.retryMs);
      this.toldRetryMs = undefined;
      this.retryMs = Math.min(this.retryMs * 2, RECONNECT_MAX_MS);
    });
  }

  private take(data: Buffer): void {
    this.heard();
    const { type, payload, timestamp } = JSON.parse(data.toString()) as {
      type: string;
      payload: unknown;
      timestamp: string;
    };
    this.serverTimeMs = Date.parse(timestamp);
    if (type === 'bye') this.toldRetryMs = (payload as ByePayload).reconnect_ms;
    this.options.onMessage(type, payload);
  }

  private heard(): void {
    const { silentAfterMs } = this.options;
    if (silentAfterMs === undefined) return;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.cut(), silentAfterMs);
  }
}
