import type { Position } from '@distributary/distribution-core';
import { nullMessage } from '../records/entry-headers.js';
import type { PlacedMessage } from '../records/message-batch.js';
import type { MessagePlace } from '../records/message-position.js';
import { type UnpackedMessage, unpacked } from '../records/packed-entry.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import type { ConsumerPlace } from './consumer-socket.js';
import { unacknowledgedEntries } from './unacknowledged-entries.js';

interface TopicStats {
  readonly subscriptions: Readonly<
    Record<
      string,
      { readonly consumers: readonly { readonly consumerName: string; readonly unackedMessages: number }[] } | undefined
    >
  >;
}

export interface Ungiven {
  readonly messages: readonly PlacedMessage[];
  /** Into which they were packed, with what came before them. */
  readonly packed?: MessagePlace;
}

/** What came over the socket of a consumer, and who it is to Pulsar. */
export interface Consumer {
  readonly name: string;
  /** How many it was given and has not acknowledged, as Pulsar counts. */
  readonly count: number;
  readonly last: Position | undefined;
}

const NONE: Ungiven = { messages: [] };

/** Finds where a consumer stands still: at a message without a value that it was to be given, and was not. */
export class UngivenMessages {
  constructor(
    private readonly web: Pick<PulsarWeb, 'ask' | 'entryAt'>,
    private readonly names: PulsarNames,
  ) {}

  /**
   * The first of them that nobody has acknowledged, and those next to it: beyond, others are to come before. Of an entry into
   * which it was packed, all from it on. Where another process stands still at the same time, it may be the other's. Empty if
   * it is not found; undefined if all came that Pulsar gave.
   */
  async at(consumerPlace: ConsumerPlace, consumer: Consumer): Promise<Ungiven | undefined> {
    const { lane, subscription } = consumerPlace;
    const path = this.names.lane(lane.topic, lane.partition);
    const found: PlacedMessage[] = [];
    if ((await this.givenTo(consumer.name, path, subscription)) <= consumer.count) return undefined;
    for await (const { entry, place } of unacknowledgedEntries(this.web, this.names, consumerPlace)) {
      const single = nullMessage(entry.headers, place);
      if (single !== undefined) found.push(single);
      else if (found.length > 0) break;
      else {
        const messages = restOf(unpacked(entry, place, lane.partition), consumer.last);
        if (messages.length > 0) return { messages, packed: place };
      }
    }
    return found.length === 0 ? NONE : { messages: found };
  }

  /** As Pulsar counts them. */
  private async givenTo(name: string, path: string, subscription: string): Promise<number> {
    const { subscriptions } = (await this.web.ask({ method: 'GET', path: `${path}/stats` })) as TopicStats;
    const consumers = subscriptions[subscription]?.consumers ?? [];
    return consumers.find(({ consumerName }) => consumerName === name)?.unackedMessages ?? 0;
  }
}

/** From the first without a value on, if the socket gave what lies before it; else somebody else was given the entry. */
function restOf(messages: readonly UnpackedMessage[] = [], last: Position | undefined): readonly PlacedMessage[] {
  const at = messages.findIndex(({ isWithoutValue }) => isWithoutValue);
  return at < 0 || (at > 0 && messages[at - 1].position !== last) ? [] : messages.slice(at);
}
