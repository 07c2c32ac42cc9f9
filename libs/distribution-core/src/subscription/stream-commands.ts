import type { DeliveryOptions } from '../delivery/delivery-options.js';
import type { SubscriptionType } from '../ports/queue.port.js';
import type { LanePosition } from '../position.js';
import type { SubscriptionOutput } from '../transformation/definition.js';
import type { SingleAck } from './single-ack.js';
import type { Start } from './start.js';
import type { DeliveryGuarantee, Selection, SlowPolicy } from './subscription.js';

export interface SubscribeCommand {
  readonly id: string;
  readonly selection: Selection;
  readonly start: Start | undefined;
  readonly slowPolicy: SlowPolicy;
  readonly maxRate: number | undefined;
  readonly credit: number | undefined;
  /** Of a durable one that exists: absent means as it was created. */
  readonly output?: SubscriptionOutput;
  /** Makes it durable. */
  readonly durable?: {
    readonly name: string;
    readonly type: SubscriptionType;
    readonly deliveryGuarantee: DeliveryGuarantee;
    readonly subscriberService: string;
    readonly delivery?: DeliveryOptions;
    /** What the client left to the subscription that has the name; of a new one it is what the command says. */
    readonly asStored?: readonly ('selection' | 'slowPolicy')[];
  };
}

export interface AckCommand {
  readonly id: string;
  readonly generation: number;
  /** Cumulative: everything up to and including them. */
  readonly positions?: readonly LanePosition[];
  /** Instead: events one by one. */
  readonly single?: SingleAck;
  /** Refused: sent again after this long, else after the pause of the redelivery policy. */
  readonly delayMs?: number | undefined;
}
