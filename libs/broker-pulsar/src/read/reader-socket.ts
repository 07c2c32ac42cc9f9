import type { Clock, Lane, Position } from '@distributary/distribution-core';
import type { WebSocket } from 'ws';
import { connectionLost, messageTooLarge } from '../pulsar.errors.js';
import type { PulsarMessage } from '../records/event-message.js';
import type { PlacedMessage } from '../records/message-batch.js';
import { readMessageId, writeMessageId } from '../records/message-id.js';
import { placeOf, positionOf } from '../records/message-position.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import { isFrameTooLarge, type PulsarWeb } from '../wire/pulsar-web.js';

/** Messages that Pulsar sends before it is told that earlier ones were taken. */
const WINDOW = 500;
/** Payloads, as base64, that wait to be taken before the socket is not read any more. */
const MAX_WAITING_CHARACTERS = 1024 * 1024;

export class ReaderSockets {
  constructor(
    private readonly web: PulsarWeb,
    private readonly names: PulsarNames,
    private readonly clock: Clock,
  ) {}

  /** Gives what lies behind `after` in the lane, then what comes. */
  async open({ topic, partition }: Lane, after: Position): Promise<ReaderSocket> {
    const place = placeOf(after);
    const messageId = place === undefined ? 'earliest' : writeMessageId(place);
    const path = `reader/${this.names.lane(topic, partition)}`;
    let reader: ReaderSocket | undefined;
    await this.web.open(path, { messageId, receiverQueueSize: String(WINDOW) }, (socket) => {
      reader = new ReaderSocket(socket, this.clock, path);
    });
    return reader as ReaderSocket;
  }
}

/** One reader of one lane. What waits in it is bounded: Pulsar is told of each message that is taken, and waits for that. */
export class ReaderSocket {
  private waiting: PlacedMessage[] = [];
  private characters = 0;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;
  private lastSignMs: number;

  constructor(
    private readonly socket: WebSocket,
    private readonly clock: Clock,
    path: string,
  ) {
    this.lastSignMs = clock.monotonicMs();
    let isTooLarge = false;
    socket.on('message', (data) => this.came(String(data as Buffer)));
    socket.on('pong', () => this.sign());
    socket.on('error', (error) => (isTooLarge ||= isFrameTooLarge(error)));
    socket.once('close', () => {
      this.failure = isTooLarge ? messageTooLarge(path) : connectionLost(path);
      this.wake();
    });
  }

  /** Why it was lost. */
  get lostBy(): Error | undefined {
    return this.failure;
  }

  /** Nothing waits to be taken. */
  get isDrained(): boolean {
    return this.waiting.length === 0;
  }

  get silentMs(): number {
    return this.clock.monotonicMs() - this.lastSignMs;
  }

  /** Resolves when there is something to take, or the socket was lost; after so long, or an abort, all the same. */
  async settled(limitMs: number, signal: AbortSignal): Promise<void> {
    if (this.waiting.length > 0 || this.failure !== undefined || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const over = () => {
        cancel();
        signal.removeEventListener('abort', over);
        this.wake = () => undefined;
        resolve();
      };
      const cancel = this.clock.after(limitMs, over);
      signal.addEventListener('abort', over, { once: true });
      this.wake = over;
    });
  }

  /** At most about so many bytes of values, at least one message if there is any. Rejects with why the socket was lost. */
  take(maxBytes: number): readonly PlacedMessage[] {
    const { waiting } = this;
    if (waiting.length === 0 && this.failure !== undefined) throw this.failure;
    let bytes = 0;
    let count = 0;
    while (count < waiting.length) {
      bytes += bytesOf(waiting[count]);
      if (count > 0 && bytes > maxBytes) break;
      count++;
    }
    const taken = waiting.splice(0, count);
    for (const { message } of taken) {
      this.characters -= message.payload.length;
      if (this.failure === undefined) this.socket.send(`{"messageId":"${message.messageId}"}`);
    }
    if (this.socket.isPaused && this.characters < MAX_WAITING_CHARACTERS) this.socket.resume();
    return taken;
  }

  ping(): void {
    if (this.failure === undefined) this.socket.ping();
  }

  close(): void {
    this.socket.terminate();
  }

  private came(text: string): void {
    const message = JSON.parse(text) as PulsarMessage;
    // Some answers, to a ping of Pulsar's own kind, are no messages.
    if (message.messageId === undefined) return;
    const position = positionOf(readMessageId(message.messageId));
    this.waiting.push({ message, position });
    this.characters += message.payload.length;
    this.sign();
    if (this.characters >= MAX_WAITING_CHARACTERS) this.socket.pause();
    this.wake();
  }

  private sign(): void {
    this.lastSignMs = this.clock.monotonicMs();
  }
}

/** Base64 has four characters for three bytes. */
const bytesOf = ({ message }: PlacedMessage): number => (message.payload.length * 3) / 4;
