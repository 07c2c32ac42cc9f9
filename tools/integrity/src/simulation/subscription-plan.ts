import type { DeliveryGuarantee, SlowPolicy, SubscriptionType } from '@distributary/distribution-core';
import { LossLedger } from '../loss-ledger.js';

/**
 * Who remembers how far the subscription is:
 * - `service`: acknowledged after the effect (at-most-once: by being sent);
 * - `atomic`: the client, together with the effect;
 * - `lagging`: the client, some time after the effect.
 */
export type Keeper = 'service' | 'atomic' | 'lagging';

export interface SubscriptionPlan {
  readonly name: string;
  readonly topics: readonly string[];
  readonly keeper: Keeper;
  /** Of one that the service keeps. */
  readonly type: SubscriptionType;
  readonly guarantee: DeliveryGuarantee;
  readonly policy: SlowPolicy;
  readonly clients: number;
  /** What its connections hold unconfirmed. */
  readonly limitBytes: number;
  /** Events that a client asks for ahead; undefined: without a bound. */
  readonly credit: number | undefined;
}

/** A gap as it was announced. */
export interface HeardGap {
  readonly lane: string;
  readonly epoch: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** Beyond every position. */
const END = '~';

/** One subscription of a world: what its clients got together, held against what was due. */
export class SimulatedSubscription {
  readonly ledger = new LossLedger();
  readonly gaps: HeardGap[] = [];
  readonly brokenChains: string[] = [];
  readonly refusals = new Set<string>();
  private readonly seen = new Set<string>();

  constructor(
    readonly plan: SubscriptionPlan,
    /** Earlier lives of a lane that had events: whoever hears of a new life knows that those have ended. */
    private readonly epochsBefore: (lane: string, epoch: string) => readonly string[],
  ) {}

  /** A client has heard of this life of the lane. */
  beganAnew(lane: string, epoch: string): void {
    for (const before of this.epochsBefore(lane, epoch)) {
      this.announced({ lane, epoch: before, from: '', to: END, reason: 'epoch' });
    }
  }

  /** A client was told something of this life of the lane. */
  saw(lane: string, epoch: string): void {
    this.seen.add(`${lane} ${epoch}`);
  }

  /** Lives of the lane that began and ended while no client could be told of them: their events went with them. */
  forgiveUnseen(lane: string, presentEpoch: string): void {
    for (const before of this.epochsBefore(lane, presentEpoch)) {
      if (!this.seen.has(`${lane} ${before}`)) this.ended(lane, before, '');
    }
  }

  /** A client was told that nothing more comes of this life of the lane. */
  ended(lane: string, epoch: string, after: string): void {
    this.announced({ lane, epoch, from: after, to: END, reason: 'deleted' });
  }

  announced(gap: HeardGap): void {
    this.gaps.push(gap);
    this.ledger.announced(gap);
  }
}

export const isShared = ({ type }: SubscriptionPlan): boolean => type === 'shared' || type === 'key_shared';
