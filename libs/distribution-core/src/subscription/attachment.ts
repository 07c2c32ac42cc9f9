import type { Member } from '../fan-out/member.js';
import type { CompetingReader } from './competing/competing-reader.js';
import type { CreditAllowance } from './competing/credit-allowance.js';
import type { DurableClaim } from './durable-claim.js';
import type { SubscribeCommand } from './stream-commands.js';
import type { DurableSubscription } from './subscription.js';

/** Receives in order, through a feed. */
export interface InOrderAttachment {
  readonly member: Member;
  readonly claim: DurableClaim | undefined;
  /** Of a durable one: as it was when it was attached, and how to end being told of its changes. */
  readonly subscription?: DurableSubscription;
  readonly unwatch?: (() => void) | undefined;
  readonly reader?: undefined;
}

/** Competes with other sessions for single events. */
export interface CompetingAttachment {
  readonly reader: CompetingReader;
  readonly credit: CreditAllowance;
}

/** How a subscription of a session receives its events. */
export type Attachment = InOrderAttachment | CompetingAttachment;

/** `command`: what it was last asked to be. */
export type Attached<Kind extends Attachment = Attachment> = Kind & { readonly command: SubscribeCommand };
