import {
  type Clock,
  type CompetingEvents,
  laneName,
  pauseMs,
  type Position,
  type Retrying,
} from '@distributary/distribution-core';
import type { PulsarMetrics } from '../pulsar-metrics.js';
import { connectionLost, unavailable } from '../pulsar.errors.js';
import { isLookedAt, LOOK_MS } from '../quiet-looks.js';
import { EventReader } from '../records/event-message.js';
import { messageBatch, type PlacedMessage } from '../records/message-batch.js';
import { positionOf } from '../records/message-position.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import { FOREIGN_EPOCH } from '../topics/pulsar-topic.js';
import type { TopicDirectory } from '../topics/topic-directory.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import { type ConsumerPlace, ConsumerSocket } from './consumer-socket.js';
import { GivenMessages } from './given-messages.js';
import { OversizeMessages } from './oversize-messages.js';
import { StandStill } from './stand-still.js';
import { UngivenMessages } from './ungiven-messages.js';

export interface LaneConsumerParts {
  readonly web: PulsarWeb;
  readonly names: PulsarNames;
  readonly clock: Clock;
  readonly directory: Pick<TopicDirectory, 'find' | 'topic'>;
  readonly retrying: Retrying;
  readonly metrics: Pick<PulsarMetrics, 'passedOversize' | 'stalled'>;
  readonly timeoutMs: number;
  readonly requestTimeoutMs: number;
  newConsumerName(): string;
}

/** Keeps a consumer on one lane of a subscription, whatever becomes of its sockets. */
export class LaneConsumer {
  private readonly reader = new EventReader();
  private readonly ids = new Map<Position, string>();
  private readonly ungiven: UngivenMessages;
  private readonly oversize: OversizeMessages;
  private readonly isForeign: boolean;
  /** Of the socket. Counted where there may be messages that it does not give. */
  private given = new GivenMessages();
  private standStill: StandStill | undefined;
  /** A message was larger than a frame that is taken. */
  private isAtOversize = false;
  /** Such messages were acknowledged over the socket; one may have been under way to it. */
  private hasPassed = false;
  private quietLooks = 0;
  private readonly closing = new AbortController();
  private socket: ConsumerSocket | undefined;
  private isConnecting = false;
  /** Sockets over which nothing came. */
  private fruitless = 0;
  private cancelLook: () => void = () => undefined;

  constructor(
    private readonly place: ConsumerPlace,
    private readonly parts: LaneConsumerParts,
    private readonly events: CompetingEvents,
  ) {
    this.ungiven = new UngivenMessages(parts.web, parts.names);
    this.oversize = new OversizeMessages(parts.web, parts.names, parts.metrics);
    // Topics of ours have no messages without a value.
    this.isForeign = place.lane.epoch === FOREIGN_EPOCH;
  }

  /** Rejects if it could not begin; from then on sockets that are lost are replaced. */
  async start(): Promise<void> {
    const { retrying, timeoutMs } = this.parts;
    await retrying.within(timeoutMs, () => this.open());
    this.lookLater();
  }

  async ack(positions: readonly Position[]): Promise<void> {
    const { standStill } = this;
    const wasStanding = this.isStanding;
    const messageIds = positions.flatMap((position) => standStill?.settle(position) ?? this.ids.get(position) ?? []);
    const isLast = wasStanding && !this.isStanding;
    const { retrying, timeoutMs } = this.parts;
    await retrying.within(timeoutMs, async () => {
      if (this.closing.signal.aborted) throw unavailable('the subscription was left');
      // Over another socket, too: Pulsar goes by the ids.
      if (this.socket === undefined) throw connectionLost('acknowledge');
      await this.socket.ack(messageIds);
    });
    for (const position of positions) this.ids.delete(position);
    if (this.isForeign) this.given.acknowledge(positions);
    // Pulsar gives what lies behind to the next one.
    if (isLast && this.standStill === standStill) this.socket?.terminate();
  }

  private get isStanding(): boolean {
    return this.standStill?.isOver === false;
  }

  /** What was acknowledged is on its way before the socket closes. */
  async close(): Promise<void> {
    this.closing.abort();
    this.cancelLook();
    const { socket } = this;
    this.socket = undefined;
    if (socket === undefined) return;
    const { clock, requestTimeoutMs } = this.parts;
    await Promise.race([
      socket.answered().catch(() => undefined),
      new Promise<void>((resolve) => clock.after(requestTimeoutMs, resolve)),
    ]);
    socket.close();
  }

  private async open(): Promise<void> {
    // Not known yet when one is refused, and closes.
    const opened: { socket?: ConsumerSocket } = {};
    const socket = await ConsumerSocket.open(this.parts, this.place, this.parts.newConsumerName(), {
      onMessages: (messages) => {
        if (this.isForeign) this.given.add(messages);
        this.take(messages);
      },
      onClosed: (isTooLarge) => {
        this.isAtOversize ||= isTooLarge;
        if (opened.socket !== undefined && this.socket === opened.socket) this.lost();
      },
    });
    if (socket.isClosed) throw connectionLost('consume');
    opened.socket = socket;
    this.socket = socket;
    if (this.closing.signal.aborted) socket.close();
  }

  private take(messages: readonly PlacedMessage[]): void {
    if (this.closing.signal.aborted) return;
    this.quietLooks = 0;
    this.fruitless = 0;
    const { lane } = this.place;
    const batch = messageBatch(lane, messages, this.reader);
    for (const { message, position } of messages) this.ids.set(position, message.messageId);
    const given = new Set<Position>();
    for (let index = 0; index < (batch?.count ?? 0); index++) given.add(batch?.positions.at(index) ?? '');
    const others = messages.filter(({ position }) => !given.has(position)).map(({ position }) => position);
    if (others.length > 0) this.ack(others).catch(() => undefined);
    if (batch === undefined) return;
    const redeliveries = messages
      .filter(({ position }) => given.has(position))
      .map(({ message }) => message.redeliveryCount ?? 0);
    this.events.onBatch(batch, redeliveries);
  }

  private lost(): void {
    this.socket = undefined;
    this.given = new GivenMessages();
    this.standStill = undefined;
    this.quietLooks = 0;
    this.events.onLost(this.place.lane);
    void this.reopen();
  }

  /** For as long as it takes, whatever Pulsar says meanwhile: nobody else would notice that the lane stands still. */
  private async reopen(): Promise<void> {
    if (this.isConnecting) return;
    this.isConnecting = true;
    const { retrying } = this.parts;
    const { signal } = this.closing;
    // Each may be lost at the same message.
    await retrying.wait(pauseMs(this.fruitless++, 0), signal);
    await retrying.patiently(signal, () =>
      this.openAgain().catch((error: unknown) => {
        throw connectionLost(`consume ${laneName(this.place.lane)}`, error);
      }),
    );
    this.isConnecting = false;
  }

  /** A topic that is gone, as others are told, gives nothing any more, and neither does a subscription that is gone. */
  private async openAgain(): Promise<void> {
    const { lane } = this.place;
    const topic = await this.parts.directory.find(lane.topic, 0);
    if (topic?.epoch !== lane.epoch) return;
    // Pulsar would make it anew, at the end of the lane, and nobody would ever delete it.
    if (!(await this.isThere())) return this.events.onGone();
    const passed = this.isAtOversize ? await this.oversize.find(this.place).catch(() => []) : [];
    if (this.isAtOversize && passed.length === 0 && !this.hasPassed) this.parts.metrics.stalled();
    await this.open();
    this.isAtOversize = false;
    this.hasPassed = passed.length > 0;
    // Pulsar takes it also if the message was under way already, and this socket is lost, too.
    if (this.hasPassed) this.socket?.ack(passed).catch(() => undefined);
  }

  private async isThere(): Promise<boolean> {
    const { lane, subscription } = this.place;
    const { web, names } = this.parts;
    const path = `${names.lane(lane.topic, lane.partition)}/subscriptions`;
    return ((await web.ask({ method: 'GET', path })) as readonly string[]).includes(subscription);
  }

  /** A socket that says nothing is given up. */
  private lookLater(): void {
    this.cancelLook = this.parts.clock.after(LOOK_MS, () => {
      const { socket } = this;
      if (socket !== undefined) {
        if (socket.silentMs > 2 * this.parts.requestTimeoutMs) socket.terminate();
        else socket.answered().catch(() => undefined);
        // A look that fails says nothing.
        if (this.isForeign && isLookedAt(++this.quietLooks)) void this.takeUngiven(socket).catch(() => undefined);
      }
      if (!this.closing.signal.aborted) this.lookLater();
    });
  }

  private async takeUngiven(socket: ConsumerSocket): Promise<void> {
    if (this.standStill !== undefined) return;
    const { given } = this;
    const { count, last } = given;
    const found = await this.ungiven.at(this.place, { name: socket.name, count, last });
    if (found === undefined || this.socket !== socket || this.standStill !== undefined || given.last !== last) return;
    if (found.messages.length === 0) return this.stalled(socket);
    const { messages, packed } = found;
    const before = packed === undefined ? [] : given.openOf(positionOf(packed));
    this.standStill = new StandStill([...before, ...messages.map(({ position }) => position)], packed);
    this.take(messages);
  }

  /** Pulsar has given more than came, and what that is was not found: it cannot be read, or another process acknowledged it. */
  private stalled(socket: ConsumerSocket): void {
    // What was under way at the first look has come by the second.
    if (this.quietLooks < 2) return;
    this.parts.metrics.stalled();
    // As long as events are held they would come again.
    if (this.given.count === 0) socket.terminate();
  }
}
