import { z } from 'zod';
import { pageQuerySchema } from '../page.js';

const reason = z.enum([
  'nacked',
  'ack_timeout',
  'delivery_failed',
  'transformation_failed',
  'schema_unknown',
  'payload_unreadable',
  'event_invalid',
]);
const fault = z.enum(['receiver', 'service']);
const status = z.enum(['dead', 'replaying', 'replayed', 'discarded']);
const target = z.enum(['subscription', 'topic']);
const time = z.iso.datetime({ offset: true });

const selection = {
  subscription_id: z.string().min(1).max(100).optional(),
  topic: z.string().min(1).max(200).optional(),
  reason: reason.optional(),
  fault: fault.optional(),
  /** Buried at or after, and before. */
  from: time.optional(),
  to: time.optional(),
};

/** `GET dead-letters`: all that is named must hold; oldest first. */
export const deadLetterQuerySchema = pageQuerySchema.extend({ ...selection, status: status.optional() });

/** Which letters: by their ids, by what they have in common, or all of them, which has to be said. */
export const deadLetterSelectionSchema = z
  .strictObject({
    ...selection,
    ids: z.array(z.uuid()).min(1).max(500).optional(),
    all: z.literal(true).optional(),
  })
  .meta({ id: 'DeadLetterSelection' });

/** `POST dead-letters/replay`. */
export const deadLetterReplaySchema = deadLetterSelectionSchema
  .extend({ target: target.default('subscription') })
  .meta({ id: 'DeadLetterReplay' });

/** `POST dead-letters/{id}/replay`. */
export const deadLetterTargetSchema = z
  .strictObject({ target: target.default('subscription') })
  .meta({ id: 'DeadLetterTarget' });

const position = z.object({ topic: z.string(), partition: z.int(), epoch: z.string(), position: z.string() });

export const deadLetterSchema = z
  .object({
    dead_letter_id: z.string(),
    subscription_id: z.string(),
    status,
    reason,
    /** Whose fault it is: the receiver's, or ours. */
    fault,
    attempts: z.int(),
    event_id: z.string(),
    routing_key: z.string(),
    /** Where the event lay when it failed. */
    origin: position,
    /** Where it lies now. */
    letter: position,
    first_failure_at: z.string(),
    last_failure_at: z.string(),
    buried_at: z.string(),
    changed_at: z.string(),
    replay_target: target.optional(),
    /** How often a replay was begun. */
    replays: z.int(),
  })
  .meta({ id: 'DeadLetter' });

/** `GET dead-letters/{id}`; without `event` if the topic of the dead letters has let go of it. */
export const deadLetterWithEventSchema = deadLetterSchema
  .extend({ event: z.unknown().optional() })
  .meta({ id: 'DeadLetterWithEvent' });

/** Of a replay or a discard of several: ask again while there are more. */
export const deadLetterOutcomeSchema = z
  .object({ count: z.int(), has_more: z.boolean() })
  .meta({ id: 'DeadLetterOutcome' });

export type DeadLetterView = z.output<typeof deadLetterSchema>;
export type DeadLetterWithEventView = z.output<typeof deadLetterWithEventSchema>;
export type DeadLetterSelectionInput = z.output<typeof deadLetterSelectionSchema>;
