import type { ClientPayloads, ServerMessage, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '@distributary/contracts';
import { DistributaryError, errorOfClose } from '../errors.js';
import { binaryMessageOf } from '../binary-message.js';
import { jsonText } from '../json-text.js';
import { messageOf } from '../message-reader.js';
import type { ConnectOptions } from '../options.js';
import { type ClientClock, OPEN_TIMEOUT_MS } from '../runtime.js';
import { Watchdog } from './watchdog.js';
import { OPEN, type WebSocketConstructor, type WebSocketLike } from './web-socket.js';

export interface SocketSessionEvents {
  opened(): void;
  message(message: ServerMessage): void;
  /** Once, however it ended; not after {@link SocketSession.close}. */
  lost(error: DistributaryError, reconnectMs: number | undefined): void;
}

/** Written here: the contracts are types only in this package, so that a browser loads nothing else. */
const JSON_SUBPROTOCOL: typeof SUBPROTOCOL_JSON = 'distributary.v1.json';
const BINARY_SUBPROTOCOL: typeof SUBPROTOCOL_BINARY = 'distributary.v1.bin';
const DEFAULT_MAX_SILENCE_MS = 60_000;
/** `ws` waits for the peer's close frame for 30 s, and keeps the process alive for as long. */
const CLOSE_TIMEOUT_MS = 2_000;

/** One connection, from the handshake to its loss. */
export class SocketSession {
  private readonly socket: WebSocketLike;
  private readonly watchdog: Watchdog;
  private readonly cancelOpening: () => void;
  private readonly stopped = new Set<unknown>();
  /** The hello goes first: whatever is sent before it is refused together with the connection. */
  private isGreeted = false;
  private isOver = false;
  private cancelTermination: () => void = () => undefined;

  constructor(
    webSocket: WebSocketConstructor,
    url: string,
    private readonly options: ConnectOptions,
    private readonly clock: ClientClock,
    private readonly events: SocketSessionEvents,
  ) {
    this.socket = new webSocket(url, options.binary === true ? BINARY_SUBPROTOCOL : JSON_SUBPROTOCOL);
    this.socket.binaryType = 'arraybuffer';
    this.watchdog = new Watchdog(
      clock,
      options.maxSilenceMs ?? DEFAULT_MAX_SILENCE_MS,
      () => this.send('ping', {}),
      () => this.giveUp('the service fell silent'),
    );
    this.cancelOpening = clock.after(OPEN_TIMEOUT_MS, () => this.giveUp('the connection was not opened in time'));
    let failure = '';
    this.socket.addEventListener('open', () => {
      this.opened().catch((cause: unknown) => this.violated(said(cause, 'a connection that could not be used'), cause));
    });
    this.socket.addEventListener('message', (event) => this.heard(event.data));
    this.socket.addEventListener('error', (event) => {
      failure = readable(event);
    });
    this.socket.addEventListener('close', (event) => {
      this.cancelTermination();
      this.lost(this.errorOf(event.code, event.reason === '' ? failure : event.reason));
    });
  }

  /** Nothing, before {@link SocketSessionEvents.opened} and once it is over. */
  send<Type extends keyof ClientPayloads>(type: Type, payload: ClientPayloads[Type]): void {
    this.sendText(messageText(type, payload));
  }

  /** What {@link messageText} made; as {@link send}. */
  sendText(text: string): void {
    if (!this.isGreeted || this.isOver || this.socket.readyState !== OPEN) return;
    this.socket.send(text);
  }

  /** Stops reading for all, since there is one socket; false where the socket cannot. */
  pause(who: unknown): boolean {
    if (this.socket.pause === undefined) return false;
    this.stopped.add(who);
    this.socket.pause();
    this.watchdog.suspend();
    return true;
  }

  resume(who: unknown): void {
    if (!this.stopped.delete(who) || this.stopped.size > 0 || this.isOver) return;
    this.socket.resume?.();
    this.watchdog.wake();
  }

  /** Gives the connection up without waiting for the peer, who may be gone. */
  abandon(error: DistributaryError, reconnectMs?: number): void {
    if (this.isOver) return;
    this.lost(error, reconnectMs);
    this.closeSocket();
  }

  close(): void {
    if (this.isOver) return;
    this.end();
    this.closeSocket();
  }

  /** A paused socket never sees the peer's close frame, so it must read again to be able to end. */
  private closeSocket(): void {
    const { socket } = this;
    socket.resume?.();
    socket.close(1000);
    if (socket.terminate !== undefined) {
      this.cancelTermination = this.clock.after(CLOSE_TIMEOUT_MS, () => socket.terminate?.());
    }
  }

  private giveUp(said: string): void {
    this.abandon(new DistributaryError('connection.lost', said, { retryable: true }));
    // Nobody will answer the close frame either.
    this.socket.terminate?.();
  }

  private async opened(): Promise<void> {
    this.cancelOpening();
    const { token, clientName } = this.options;
    let value: string | undefined;
    try {
      value = typeof token === 'function' ? await token() : token;
    } catch (cause) {
      return this.abandon(new DistributaryError('connection.lost', 'no token', { retryable: true, cause }));
    }
    if (this.isOver) return;
    this.isGreeted = true;
    this.send('hello', {
      ...(value === undefined ? {} : { token: value }),
      ...(clientName === undefined ? {} : { client: clientName }),
    });
    this.events.opened();
  }

  private heard(data: unknown): void {
    if (this.isOver) return;
    this.watchdog.touch();
    const message =
      typeof data === 'string' ? messageOf(data) : data instanceof ArrayBuffer ? binaryMessageOf(data) : undefined;
    if (message === undefined) return this.violated('a message that is no envelope of the protocol');
    if (message.type === 'bye') {
      const { code, reason, reconnect_ms } = message.payload;
      return this.abandon(this.errorOf(code, reason), reconnect_ms);
    }
    try {
      this.events.message(message);
    } catch (cause) {
      this.violated(said(cause, 'a message that could not be read'), cause);
    }
  }

  private errorOf(code: number, reason: string): DistributaryError {
    return errorOfClose(code, reason, typeof this.options.token === 'function');
  }

  private violated(said: string, cause?: unknown): void {
    this.abandon(new DistributaryError('protocol.violation', said, { retryable: true, cause }));
  }

  private lost(error: DistributaryError, reconnectMs?: number): void {
    if (this.isOver) return;
    this.end();
    this.events.lost(error, reconnectMs);
  }

  private end(): void {
    this.isOver = true;
    this.watchdog.stop();
    this.cancelOpening();
  }
}

/** Throws `request.invalid` as {@link jsonText} does. */
export function messageText<Type extends keyof ClientPayloads>(type: Type, payload: ClientPayloads[Type]): string {
  return jsonText({ type, payload }, type);
}

const said = (cause: unknown, otherwise: string): string => (cause instanceof Error ? cause.message : otherwise);

/** Browsers say nothing about why; `ws` does. */
function readable(event: { readonly message?: unknown; readonly error?: { readonly code?: unknown } }): string {
  if (typeof event.message === 'string' && event.message !== '') return event.message;
  return typeof event.error?.code === 'string' ? event.error.code : '';
}
