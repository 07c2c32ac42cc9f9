import type { Clock, Lane } from '@distributary/distribution-core';
import type { WebSocket } from 'ws';
import { connectionLost } from '../pulsar.errors.js';
import type { PulsarMessage } from '../records/event-message.js';
import type { PlacedMessage } from '../records/message-batch.js';
import { readMessageId } from '../records/message-id.js';
import { positionOf } from '../records/message-position.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import { isFrameTooLarge, type PulsarWeb } from '../wire/pulsar-web.js';

export interface ConsumerEvents {
  /** Everything that came in one turn. */
  onMessages(messages: readonly PlacedMessage[]): void;
  /** `isTooLarge`: it was given a message that is larger than a frame that is taken. */
  onClosed(isTooLarge: boolean): void;
}

export interface ConsumerPlace {
  readonly lane: Lane;
  readonly subscription: string;
  readonly type: 'shared' | 'key_shared';
  /** Messages that Pulsar sends before earlier ones are acknowledged. */
  readonly window: number;
}

/** Events of one append come as messages of their own, one shortly after the other. */
const GATHER_MS = 3;
const TYPES = { shared: 'Shared', key_shared: 'Key_Shared' } as const;

/** One consumer of a subscription of Pulsar, on one lane. */
export class ConsumerSocket {
  private came: PlacedMessage[] = [];
  private readonly awaited: { resolve(): void; reject(error: Error): void }[] = [];
  private failure: Error | undefined;
  private lastSignMs: number;

  static async open(
    { web, names, clock }: { readonly web: PulsarWeb; readonly names: PulsarNames; readonly clock: Clock },
    { lane, subscription, type, window }: ConsumerPlace,
    name: string,
    events: ConsumerEvents,
  ): Promise<ConsumerSocket> {
    const path = `consumer/${names.lane(lane.topic, lane.partition)}/${subscription}`;
    // Time-outs, attempts and dead letters are the queue's: Pulsar's own have a grain of a second.
    const query = { subscriptionType: TYPES[type], receiverQueueSize: String(window), consumerName: name };
    let consumer: ConsumerSocket | undefined;
    await web.open(path, query, (socket) => {
      consumer = new ConsumerSocket(socket, clock, events, path, name);
    });
    return consumer as ConsumerSocket;
  }

  private constructor(
    private readonly socket: WebSocket,
    private readonly clock: Clock,
    events: ConsumerEvents,
    path: string,
    /** By which Pulsar knows it. */
    readonly name: string,
  ) {
    this.lastSignMs = clock.monotonicMs();
    socket.on('message', (data) => this.take(String(data as Buffer), events));
    socket.on('pong', () => {
      this.lastSignMs = this.clock.monotonicMs();
      this.awaited.shift()?.resolve();
    });
    let isTooLarge = false;
    socket.on('error', (error) => (isTooLarge ||= isFrameTooLarge(error)));
    socket.once('close', () => {
      this.failure = connectionLost(path);
      for (const { reject } of this.awaited.splice(0)) reject(this.failure);
      events.onClosed(isTooLarge);
    });
  }

  get isClosed(): boolean {
    return this.failure !== undefined;
  }

  get silentMs(): number {
    return this.clock.monotonicMs() - this.lastSignMs;
  }

  /** Resolves when Pulsar's end has taken all of them: it answers a ping only after what came before. */
  ack(messageIds: readonly string[]): Promise<void> {
    for (const messageId of messageIds)
      if (this.failure === undefined) this.socket.send(`{"messageId":"${messageId}"}`);
    return this.answered();
  }

  answered(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.awaited.push({ resolve, reject });
      this.socket.ping();
    });
  }

  close(): void {
    this.socket.close();
  }

  terminate(): void {
    this.socket.terminate();
  }

  private take(text: string, events: ConsumerEvents): void {
    const message = JSON.parse(text) as PulsarMessage;
    if (message.messageId === undefined) return;
    this.lastSignMs = this.clock.monotonicMs();
    if (this.came.length === 0) {
      this.clock.after(GATHER_MS, () => {
        const messages = this.came;
        this.came = [];
        events.onMessages(messages);
      });
    }
    this.came.push({ message, position: positionOf(readMessageId(message.messageId)) });
  }
}
