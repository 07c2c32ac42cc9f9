import type { Member } from '../fan-out/member.js';
import type { Clock } from '../ports/clock.port.js';
import type { SubscriptionStore } from '../ports/subscription-store.port.js';
import type { LanePosition } from '../position.js';
import type { DurableClaim } from './durable-claim.js';

/** What can be told of a session that receives a durable subscription in order. */
export interface ReaderReport {
  readonly generation: number;
  /** What its client was told, by lane. */
  readonly told: readonly LanePosition[];
  readonly isSlow: boolean;
  readonly isBehind: boolean;
  /** Since it was attached. */
  readonly sentEvents: number;
  readonly slowPeriods: number;
  readonly redeliveries: number;
  /** Since something new was acknowledged; undefined if nothing was since it was attached. */
  readonly sinceAckMs: number | undefined;
  /** Number of the feed whose frames it is sent. */
  readonly feed: number;
}

/** A session of this process that receives a durable subscription in order. */
export interface LiveReader {
  readonly subscriptionId: string;
  /**
   * What it goes by may have changed: the selection, the options, the status, the positions. It goes on as the stores
   * say now, or ends. Rejects if the stores do not answer: to be tried again.
   */
  refresh(): Promise<void>;
  ack(generation: number, positions: readonly LanePosition[]): void;
  /** Undefined while it is being attached. */
  report(): ReaderReport | undefined;
}

export function reportOf(member: Member, claim: DurableClaim | undefined): ReaderReport {
  return {
    generation: claim?.generation ?? 0,
    redeliveries: claim?.redeliveries ?? 0,
    sinceAckMs: claim?.sinceAckMs,
    told: member.positions(),
    isSlow: member.isSlow,
    isBehind: member.state === 'behind',
    sentEvents: member.sentEvents,
    slowPeriods: member.slowPeriods,
    feed: member.feed.id,
  };
}

export interface LiveReadersDependencies {
  readonly subscriptions: Pick<SubscriptionStore, 'revisions'>;
  readonly clock: Clock;
  /** Changes that were made by another process are seen after this. */
  readonly pollMs?: number;
  readonly onError: (error: unknown) => void;
}

const POLL_MS = 1_000;

interface Entry {
  refresh(): Promise<void>;
  /** Undefined of a subscription that sessions share. */
  readonly reader: LiveReader | undefined;
  revision: number | undefined;
}

/** Who receives durable subscriptions in this process; keeps them in step with their rows. One query per poll. */
export class LiveReaders {
  private readonly entries = new Map<string, Entry>();
  private cancel: () => void = () => undefined;
  private isStopped = false;

  constructor(private readonly deps: LiveReadersDependencies) {}

  start(): void {
    this.cancel = this.deps.clock.after(this.deps.pollMs ?? POLL_MS, () => {
      this.poll()
        .catch(this.deps.onError)
        .finally(() => {
          if (!this.isStopped) this.start();
        });
    });
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  /** The returned function takes it out again. */
  add(reader: LiveReader): () => void {
    return this.put(reader.subscriptionId, { refresh: () => reader.refresh(), reader, revision: undefined });
  }

  /** For sessions that share it: {@link LiveReader.refresh} alone. The returned function ends it. */
  follow(subscriptionId: string, refresh: () => Promise<void>): () => void {
    return this.put(subscriptionId, { refresh, reader: undefined, revision: undefined });
  }

  find(subscriptionId: string): LiveReader | undefined {
    return this.entries.get(subscriptionId)?.reader;
  }

  list(): readonly LiveReader[] {
    return [...this.entries.values()].flatMap(({ reader }) => reader ?? []);
  }

  /** To be called by who changed it, so that this process need not wait for the poll. */
  async refresh(subscriptionId: string): Promise<void> {
    await this.entries.get(subscriptionId)?.refresh();
  }

  private put(subscriptionId: string, entry: Entry): () => void {
    this.entries.set(subscriptionId, entry);
    return () => {
      if (this.entries.get(subscriptionId) === entry) this.entries.delete(subscriptionId);
    };
  }

  private async poll(): Promise<void> {
    if (this.entries.size === 0) return;
    const revisions = await this.deps.subscriptions.revisions([...this.entries.keys()]);
    const changed = [...this.entries].filter(([id, entry]) => {
      const revision = revisions.get(id) ?? 0;
      // The first look counts as a change: it may have been changed between being read and being added here.
      if (entry.revision === revision) return false;
      entry.revision = revision;
      return true;
    });
    await Promise.all(
      changed.map(async ([, entry]) => {
        try {
          await entry.refresh();
        } catch (error) {
          entry.revision = undefined;
          throw error;
        }
      }),
    );
  }
}
