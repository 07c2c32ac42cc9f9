import { hasStatus } from '../pulsar.errors.js';
import type { PlacedMessage } from '../records/message-batch.js';
import { nullMessage, placeIn } from '../records/entry-headers.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import type { ConsumerPlace } from './consumer-socket.js';

/** Of the oldest that are not acknowledged. */
const MAX_LOOKED_AT = 100;
const NOT_FOUND = 404;

interface TopicStats {
  readonly subscriptions: Readonly<
    Record<
      string,
      { readonly consumers: readonly { readonly consumerName: string; readonly unackedMessages: number }[] } | undefined
    >
  >;
}

/** Finds where a consumer stands still: at a message without a value that it was to be given, and was not. */
export class UngivenMessages {
  constructor(
    private readonly web: Pick<PulsarWeb, 'ask' | 'entryAt'>,
    private readonly names: PulsarNames,
  ) {}

  /**
   * The first of them that nobody has acknowledged, and those next to it: beyond, others are to come before. Where another
   * process stands still at the same time, it may be the other's. `held`: how many it was given and has not acknowledged.
   */
  async at(
    { lane, subscription }: ConsumerPlace,
    consumer: { readonly name: string; readonly held: number },
  ): Promise<readonly PlacedMessage[]> {
    const path = this.names.lane(lane.topic, lane.partition);
    const found: PlacedMessage[] = [];
    if ((await this.givenTo(consumer.name, path, subscription)) <= consumer.held) return found;
    for (let number = 1; number <= MAX_LOOKED_AT; number++) {
      const headers = await this.peek(`${path}/subscription/${subscription}/position/${number}`);
      const place = headers && placeIn(headers);
      if (headers === undefined || place === undefined) break;
      const message = nullMessage(headers, place);
      if (message !== undefined) found.push(message);
      else if (found.length > 0) break;
    }
    return found;
  }

  /** As Pulsar counts them. */
  private async givenTo(name: string, path: string, subscription: string): Promise<number> {
    const { subscriptions } = (await this.web.ask({ method: 'GET', path: `${path}/stats` })) as TopicStats;
    const consumers = subscriptions[subscription]?.consumers ?? [];
    return consumers.find(({ consumerName }) => consumerName === name)?.unackedMessages ?? 0;
  }

  /** Undefined behind the last. */
  private async peek(path: string) {
    try {
      return (await this.web.entryAt(path)).headers;
    } catch (error) {
      if (hasStatus(error, NOT_FOUND)) return undefined;
      throw error;
    }
  }
}
