import type { ErrorPayload, ServerPayloads } from '@distributary/contracts';
import { encodeCursor } from '@distributary/distribution-core';
import { until } from '@distributary/distribution-core/testing';
import type { StoredEvent } from './stored-event.js';
import { LaneChain } from './lane-chain.js';

export type MessageType = keyof ServerPayloads;
export type Message = {
  [Type in MessageType]: { readonly type: Type; readonly payload: ServerPayloads[Type] };
}[MessageType];

export interface End {
  /** Of the WebSocket close frame; of other doors: 0. */
  readonly code: number;
  readonly reason: string;
}

/**
 * What one connection was told, in the words of the JSON protocol whatever the door is. Checks on the way that each
 * lane's frames are a chain; frames of several subscriptions are told apart by their feeds, so those must differ.
 */
export class StreamRecord {
  readonly messages: Message[] = [];
  readonly violations: string[] = [];
  /** Messages that are not what /api/asyncapi.json says. */
  readonly outsideDocument: string[] = [];
  end: End | undefined;
  /** The `id` of the last server-sent event that had one. */
  lastEventId: string | undefined;
  private readonly taken = new Map<MessageType, number>();
  private readonly chains = new Map<number, LaneChain>();
  private readonly feeds = new Map<string, number>();
  private catalogVersion = 0;

  add(message: Message): void {
    this.messages.push(message);
    switch (message.type) {
      case 'subscribed':
        this.feeds.set(message.payload.id, message.payload.feed);
        this.catalogVersion = message.payload.catalog_version;
        this.chain(message.payload.feed).begin(message.payload);
        break;
      case 'data':
      case 'position':
        this.chain(message.payload.feed).step(message.payload);
        break;
      case 'snapshot':
        if (message.payload.last)
          this.chain(message.payload.feed).jump({ ...message.payload, to: message.payload.pos });
        break;
      case 'gap':
        this.chain(message.payload.feed).jump(message.payload);
        break;
      default:
    }
  }

  fail(error: ErrorPayload): void {
    this.add({ type: 'error', payload: error });
  }

  of<Type extends MessageType>(type: Type): ServerPayloads[Type][] {
    return this.messages.flatMap((message) => (message.type === type ? [message.payload as ServerPayloads[Type]] : []));
  }

  /** The first message of the type that was not asked for yet. */
  next<Type extends MessageType>(type: Type, deadlineMs?: number): Promise<ServerPayloads[Type]> {
    const index = this.taken.get(type) ?? 0;
    this.taken.set(type, index + 1);
    return until(`message ${index + 1} of type ${type}`, () => this.of(type)[index], deadlineMs).catch(
      (error: Error) => {
        throw new Error(`${error.message}; came: ${this.messages.map(told).join(' ') || 'nothing'}`);
      },
    );
  }

  /** Of `data` and `snapshot`, in the order in which they came. */
  received(): StoredEvent[] {
    return this.messages.flatMap((message) =>
      message.type === 'data' || message.type === 'snapshot' ? (message.payload.events as StoredEvent[]) : [],
    );
  }

  /** All events so far, at least `count`. */
  async events(count: number): Promise<StoredEvent[]> {
    await until(`${count} events`, () => this.received().length >= count).catch((error: Error) => {
      throw new Error(`${error.message}; came: ${this.received().length}`);
    });
    return this.received();
  }

  ended(deadlineMs?: number): Promise<End> {
    return until('the end of the stream', () => this.end, deadlineMs);
  }

  /** What a client would resume with. */
  cursor(id?: string): string {
    const feed = id === undefined ? [...this.feeds.values()][0] : this.feeds.get(id);
    const positions = this.chain(feed as number).positions();
    return encodeCursor({ catalogVersion: this.catalogVersion, positions });
  }

  positions(id?: string) {
    const feed = id === undefined ? [...this.feeds.values()][0] : this.feeds.get(id);
    return this.chain(feed as number).positions();
  }

  /** Throws if a chain was broken, or a message was not what the document says. */
  expectWhole(): void {
    if (this.outsideDocument.length > 0) throw new Error(this.outsideDocument.join('\n'));
    const violations = [...this.chains.values()].flatMap((chain) => chain.violations);
    if (violations.length > 0) throw new Error(`broken chains:\n${violations.join('\n')}`);
  }

  private chain(feed: number): LaneChain {
    const known = this.chains.get(feed) ?? new LaneChain();
    this.chains.set(feed, known);
    return known;
  }
}

function told({ type, payload }: Message): string {
  return type === 'error' ? `error (${payload.code}: ${payload.message})` : type;
}
