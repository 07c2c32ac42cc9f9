import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { FanOut } from '../fan-out/fan-out.js';
import type { Attached, Attachment, InOrderAttachment } from './attachment.js';
import type { DurableClaim } from './durable-claim.js';
import type { SubscribeCommand } from './stream-commands.js';

/**
 * The subscriptions of one session, by the ids that its client chose. Pending: being made, or made anew; whoever made it
 * settles it, unless it was ended meanwhile.
 */
export class SessionSubscriptions {
  private readonly entries = new Map<string, Attached | 'pending'>();
  /** Credit of those that are pending, for when they are settled. */
  private readonly granted = new Map<string, number>();
  private isOver = false;

  constructor(private readonly fanOut: FanOut) {}

  get size(): number {
    return this.entries.size;
  }

  get isClosed(): boolean {
    return this.isOver;
  }

  has(id: string): boolean {
    return this.entries.has(id);
  }

  /** Undefined also while it is pending. */
  find(id: string): Attached | undefined {
    const entry = this.entries.get(id);
    return entry === 'pending' ? undefined : entry;
  }

  findInOrder(id: string): Attached<InOrderAttachment> | undefined {
    const attached = this.find(id);
    return attached?.reader === undefined ? attached : undefined;
  }

  /** `subscription.not_found` also while it is pending. */
  required(id: string): Attached {
    const attached = this.find(id);
    if (attached === undefined) throw notFound(id);
    return attached;
  }

  claimOf(id: string): DurableClaim {
    const attached = this.required(id);
    const claim = attached.reader === undefined ? attached.claim : undefined;
    if (claim === undefined) {
      throw invalidRequest([{ path: 'id', rule: `${id} is not durable: only durable subscriptions are acknowledged` }]);
    }
    return claim;
  }

  allAttached(): Attached[] {
    return [...this.entries.values()].filter((entry) => entry !== 'pending');
  }

  /** Numbers of the feeds of all but one subscription. */
  feedsBut(except: string): Set<number> {
    const feeds = new Set<number>();
    for (const [id, entry] of this.entries) {
      if (entry === 'pending' || id === except) continue;
      feeds.add(entry.reader === undefined ? entry.member.feed.id : entry.reader.feed);
    }
    return feeds;
  }

  /** The outlet has room again. */
  serve(): void {
    for (const entry of this.entries.values()) {
      if (entry === 'pending') continue;
      if (entry.reader !== undefined) entry.reader.serve();
      else if (entry.member.state === 'behind') this.fanOut.serve(entry.member);
    }
  }

  /** More events may be sent to it. Its client may not know that it is pending: it is made anew, when others change it. */
  grant(id: string, events: number): void {
    if (this.entries.get(id) === 'pending') {
      this.granted.set(id, (this.granted.get(id) ?? 0) + events);
      return;
    }
    const attached = this.required(id);
    if (attached.reader !== undefined) {
      attached.credit.grant(events);
      return attached.reader.serve();
    }
    attached.member.grantCredit(events);
    this.fanOut.serve(attached.member);
  }

  setPending(id: string): void {
    this.entries.set(id, 'pending');
  }

  /** What was pending is attached by now; if it was ended meanwhile, that is released. */
  async settle(command: SubscribeCommand, attachment: Attachment): Promise<void> {
    if (this.isOver || this.entries.get(command.id) !== 'pending') return this.release(attachment);
    const granted = this.granted.get(command.id) ?? 0;
    this.forget(command.id);
    this.entries.set(command.id, { ...attachment, command });
    if (granted > 0) this.grant(command.id, granted);
    if (attachment.reader === undefined) await attachment.claim?.begin();
  }

  /** The same subscription goes on in another way. */
  replace(attached: Attached): void {
    this.entries.set(attached.command.id, attached);
  }

  /** Whatever it is attached to stays so. */
  forget(id: string): void {
    this.entries.delete(id);
    this.granted.delete(id);
  }

  /** Stores what was acknowledged, and gives up the right if there is one. */
  async release(attachment: Attachment): Promise<void> {
    if (attachment.reader !== undefined) return attachment.reader.close();
    this.detach(attachment);
    await attachment.claim?.release();
  }

  /** The client ends it. */
  async end(id: string): Promise<void> {
    const entry = this.entries.get(id);
    if (entry === undefined) throw notFound(id);
    this.forget(id);
    if (entry !== 'pending') await this.release(entry);
  }

  /** It has ended by itself: there is nothing to store and no right to give up. */
  drop(id: string): void {
    const attached = this.find(id);
    this.forget(id);
    if (attached === undefined) return;
    if (attached.reader !== undefined) return attached.reader.stop();
    this.detach(attached);
  }

  /** From now on nothing is sent, and its changes are nobody's business. */
  detach({ member, unwatch }: InOrderAttachment): void {
    unwatch?.();
    this.fanOut.detach(member);
  }

  async close(): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    const attached = this.allAttached();
    this.entries.clear();
    this.granted.clear();
    await Promise.all(attached.map((one) => this.release(one)));
  }
}

const notFound = (id: string) => new DistributionError('subscription.not_found', `no subscription ${id} here`);
