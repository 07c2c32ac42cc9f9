import type { EventRecord } from '../event.js';
import { PAYLOAD_REFUSALS } from '../ports/payload-codec.port.js';
import type { LanePosition } from '../position.js';

/** Why an event could not be delivered. */
export const DEAD_LETTER_REASONS = [
  'nacked',
  'ack_timeout',
  'delivery_failed',
  'transformation_failed',
  ...PAYLOAD_REFUSALS,
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Whose fault that is: the receiver's (it refused, or was silent) or ours (we could not make what we should send). */
export const DEAD_LETTER_FAULTS = ['receiver', 'service'] as const;
export type DeadLetterFault = (typeof DEAD_LETTER_FAULTS)[number];

const FAULTS: Readonly<Record<DeadLetterReason, DeadLetterFault>> = {
  nacked: 'receiver',
  ack_timeout: 'receiver',
  delivery_failed: 'service',
  transformation_failed: 'service',
  schema_unknown: 'service',
  payload_unreadable: 'service',
  event_invalid: 'service',
};

export const faultOf = (reason: DeadLetterReason): DeadLetterFault => FAULTS[reason];

/** An event that one subscription could not be given, however often that was tried. */
export interface UndeliverableEvent {
  readonly event: EventRecord;
  /** Where it lies, by the catalog's name of its topic. */
  readonly at: LanePosition;
  readonly reason: DeadLetterReason;
  readonly attempts: number;
  /** Epoch microseconds of the first and the last failed attempt. */
  readonly firstFailureMicros: number;
  readonly lastFailureMicros: number;
}

/**
 * Takes events that failed too often, for one subscription. Resolves once the letter is durable; burying the same event
 * again is no second letter. Rejects while that is not possible: whoever calls tries again, and holds the event back.
 */
export interface DeadLetterSink {
  bury(letter: UndeliverableEvent): Promise<void>;
}
