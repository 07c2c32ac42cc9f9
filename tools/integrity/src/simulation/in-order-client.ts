import type { Start } from '@distributary/distribution-core';
import type { WireMessage } from './connection.js';
import { LaneProgress, type LaneFrame, type SubscribedFrame } from './lane-progress.js';
import { SimulatedClient, type SimulatedEvent, SUBSCRIPTION_ID } from './simulated-client.js';
import { type ClientSurroundings } from './simulated-client.js';
import type { SimulatedSubscription } from './subscription-plan.js';

interface GapFrame {
  readonly lane: string;
  readonly epoch: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

const EFFECT_MS = [1, 250] as const;

/** A client that is sent each lane in order, and remembers how far it is in the way that its subscription is planned. */
export class InOrderClient extends SimulatedClient {
  /** Told on this connection, or, of one that keeps its own cursor, ever. */
  private told: LaneProgress;
  /** Survives a crash of the client; undefined until there is one. */
  private kept: LaneProgress | undefined;
  private isAckDue = false;

  constructor(subscription: SimulatedSubscription, around: ClientSurroundings) {
    super(subscription, around);
    this.told = new LaneProgress((text) => subscription.brokenChains.push(text));
  }

  refuse(): void {
    const { keeper, guarantee } = this.subscription.plan;
    // Who is served at most once has nothing to refuse.
    if (keeper !== 'service' || guarantee === 'at_most_once' || !this.isSubscribed) return;
    const { generation } = this;
    this.command(({ session }) => session.nack({ id: SUBSCRIPTION_ID, generation, positions: [] }));
  }

  protected startOf(): Start | undefined {
    const { kept } = this;
    if (this.subscription.plan.keeper === 'service' || kept === undefined) return { at: 'earliest' };
    return { at: 'cursor', cursor: { catalogVersion: kept.catalogVersion, positions: kept.positions() } };
  }

  protected subscribed(payload: WireMessage['payload']): void {
    const frame = payload as unknown as SubscribedFrame;
    this.hearWhatWasLeftOut(frame);
    this.told.subscribed(frame);
    if (this.subscription.plan.keeper !== 'service' && this.kept === undefined) this.kept = this.told.copy();
    this.keep();
  }

  protected frame(type: string, payload: WireMessage['payload']): void {
    if (type === 'gap') return this.gap(payload as unknown as GapFrame);
    const frame = payload as unknown as LaneFrame;
    this.subscription.saw(frame.lane, frame.epoch);
    if (this.told.toldIn(frame.lane)?.epoch !== frame.epoch) this.subscription.beganAnew(frame.lane, frame.epoch);
    this.told.advance(frame, type);
    if (type === 'data') {
      const { events, merged } = payload as { events: readonly SimulatedEvent[]; merged?: number };
      if (merged !== undefined) for (const { k, n } of events) this.subscription.ledger.superseded(k, n);
      this.took(events);
    }
    this.keep();
  }

  protected disconnected(): void {
    this.isAckDue = false;
    if (this.subscription.plan.keeper === 'lagging') this.kept = this.told.copy();
  }

  protected forget(): void {
    if (this.kept !== undefined) this.told = this.kept.copy();
  }

  private gap({ lane, epoch, from, to, reason }: GapFrame): void {
    if (reason === 'epoch') return;
    this.subscription.announced({ lane, epoch, from, to, reason });
    if (reason === 'deleted') this.subscription.ended(lane, epoch, to);
    const isLeftBehind = reason === 'deleted' && this.told.toldIn(lane) === undefined;
    if (!isLeftBehind) this.told.advance({ lane, epoch, prev: from, pos: to }, 'gap');
    this.keep();
  }

  /** What a client sees by comparing: lanes that have begun anew, and, at most once, what was sent and lost on its way. */
  private hearWhatWasLeftOut({ positions }: SubscribedFrame): void {
    const { plan } = this.subscription;
    for (const { topic, partition, epoch, position } of positions) {
      const lane = `${topic}#${partition}`;
      this.subscription.saw(lane, epoch);
      const before = this.told.toldIn(lane);
      if (before === undefined) {
        // One that begins finds what retention has left; others of the same subscription may have been here before.
        if (position !== '' && plan.keeper !== 'service')
          this.subscription.announced({ lane, epoch, from: '', to: position, reason: 'expired' });
      } else if (before.epoch !== epoch) {
        this.subscription.beganAnew(lane, epoch);
      } else if (plan.guarantee === 'at_most_once' && position > before.position) {
        this.subscription.announced({ lane, epoch, from: before.position, to: position, reason: 'policy' });
      }
    }
  }

  private keep(): void {
    const { plan } = this.subscription;
    if (plan.keeper === 'atomic') {
      this.kept = this.told.copy();
      return;
    }
    if (this.isAckDue || (plan.keeper === 'service' && plan.guarantee === 'at_most_once')) return;
    this.isAckDue = true;
    const { accepted } = this;
    this.around.time.after(this.around.random.between(...EFFECT_MS), () => {
      if (!this.isAckDue || this.accepted !== accepted) return;
      this.isAckDue = false;
      if (plan.keeper === 'lagging') this.kept = this.told.copy();
      else this.acknowledge();
    });
  }

  private acknowledge(): void {
    const { generation } = this;
    const positions = this.told.positions().filter(({ position }) => position !== '');
    if (positions.length === 0) return;
    this.command(({ session }) => session.ack({ id: SUBSCRIPTION_ID, generation, positions }));
  }
}
