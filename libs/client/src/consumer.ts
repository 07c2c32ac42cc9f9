import type { SubscribedPayload } from '@distributary/contracts';
import { DistributaryError } from './errors.js';
import { eventIdOf, type EventWindow } from './event-window.js';
import type { Inbox, InboxItem } from './inbox.js';
import type { LaneTable } from './lane-table.js';
import type { EventBatch, StreamEvent, SubscriptionMessage } from './messages.js';
import type { SubscriptionHandlers } from './options.js';

interface ConsumerEvents {
  /** So many events more are dealt with; `batch` as it came, copies included. */
  finished(events: number, batch: EventBatch | undefined): void;
  /** What came before the service said where it stands is dealt with. */
  cameTo(payload: SubscribedPayload): void;
  failed(error: DistributaryError): void;
}

/** Takes items one after the other; an item counts as dealt with once its handler is through, never earlier. */
export class Consumer {
  private inHand: InboxItem | undefined;

  constructor(
    private readonly inbox: Inbox,
    private readonly done: LaneTable,
    private readonly window: EventWindow | undefined,
    private readonly events: ConsumerEvents,
  ) {}

  get eventsInHand(): number {
    return this.inHand?.eventCount ?? 0;
  }

  /** What was refused comes again, and is no copy then. Without `events`: whatever was shown. */
  forget(events?: readonly StreamEvent[]): void {
    if (events === undefined) return this.window?.forgetAll();
    for (const event of events) {
      const id = eventIdOf(event);
      if (id !== undefined) this.window?.forget(id);
    }
  }

  async run(handlers: SubscriptionHandlers): Promise<void> {
    for (let item = await this.take(); item !== undefined; item = await this.take()) {
      const message = this.show(item.message);
      try {
        if (message !== undefined) await handle(handlers, message);
      } catch (cause) {
        const said = cause instanceof Error ? cause.message : String(cause);
        return this.events.failed(new DistributaryError('handler.failed', said, { cause }));
      }
      this.finish(item);
    }
  }

  /** `next()` says that the message before is dealt with. */
  iterate(
    close: () => void,
    whyEnded: () => Promise<DistributaryError | undefined>,
  ): AsyncIterator<SubscriptionMessage> {
    return {
      next: async () => {
        for (;;) {
          if (this.inHand !== undefined) this.finish(this.inHand);
          const item = await this.take();
          if (item === undefined) {
            const error = await whyEnded();
            if (error !== undefined) throw error;
            return { done: true, value: undefined };
          }
          const shown = this.show(item.message);
          if (shown !== undefined) return { done: false, value: shown };
        }
      },
      return: () => {
        close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  private async take(): Promise<InboxItem | undefined> {
    this.inHand = await this.inbox.take();
    return this.inHand;
  }

  private finish(item: InboxItem): void {
    this.inHand = undefined;
    if (item.step?.type === 'subscribed') {
      this.done.subscribed(item.step.payload);
      this.events.cameTo(item.step.payload);
    } else if (item.step?.type === 'live') this.done.live();
    else if (item.step !== undefined) this.done.apply(item.step);
    this.events.finished(item.eventCount, item.message?.type === 'events' ? item.message : undefined);
  }

  /** Without its copies, and remembered from now on: what is refused while it is in hand is forgotten like anything else. */
  private show(message: SubscriptionMessage | undefined): SubscriptionMessage | undefined {
    const shown = this.thinned(message);
    if (this.window === undefined || shown?.type !== 'events') return shown;
    for (const event of shown.events) {
      const id = eventIdOf(event);
      if (id !== undefined) this.window.add(id);
    }
    return shown;
  }

  /** A snapshot stays whole: its receiver may have thrown away what it knew. Undefined: nothing new is left. */
  private thinned(message: SubscriptionMessage | undefined): SubscriptionMessage | undefined {
    if (this.window === undefined || message?.type !== 'events' || message.isSnapshot) return message;
    const inBatch = new Set<string>();
    const events = message.events.filter((event) => {
      const id = eventIdOf(event);
      if (id === undefined) return true;
      if (this.window?.has(id) === true || inBatch.has(id)) return false;
      inBatch.add(id);
      return true;
    });
    if (events.length === message.events.length) return message;
    return events.length === 0 && message.left === undefined ? undefined : { ...message, events };
  }
}

async function handle(handlers: SubscriptionHandlers, message: SubscriptionMessage): Promise<void> {
  switch (message.type) {
    case 'events':
      await handlers.onEvents?.(message);
      if (handlers.onEvent === undefined) return;
      for (const event of message.events) await handlers.onEvent(event, message);
      return;
    case 'gap':
      return handlers.onGap?.(message);
    case 'status':
      return handlers.onStatus?.(message);
    case 'subscribed':
      return handlers.onSubscribed?.(message);
  }
}
