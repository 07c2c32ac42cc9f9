import type { GapPayload, ServerMessage, SubscribedPayload } from '@distributary/contracts';
import type { LaneStep } from './lane-table.js';
import type { EventBatch, Gap, StreamEvent, Subscribed } from './messages.js';

type EventMessage = Extract<ServerMessage, { type: 'data' | 'snapshot' }>;

/** Events are objects on the wire; what is not is left out rather than handed to code that reads fields. */
const isEvent = (event: unknown): event is StreamEvent => typeof event === 'object' && event !== null;

export function batchOf(message: EventMessage): EventBatch {
  const { lane, epoch, pos, events } = message.payload;
  const batch = { type: 'events' as const, lane, epoch, position: pos, events: events.filter(isEvent) };
  if (message.type === 'snapshot') return { ...batch, isSnapshot: true, isLastOfSnapshot: message.payload.last };
  const { merged, merged_exact, left, positions, attempt } = message.payload;
  return {
    ...batch,
    isSnapshot: false,
    isLastOfSnapshot: false,
    ...(merged === undefined ? {} : { merged, isMergedExact: merged_exact ?? false }),
    ...(left === undefined ? {} : { left }),
    ...(positions === undefined ? {} : { isSingle: true }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}

/** What the service took of the credit for it: for what a transformation dropped, too, and for what is no event. */
export function creditOf({ type, payload }: LaneStep): number {
  return type === 'data' || type === 'snapshot' ? payload.events.length + (payload.dropped ?? 0) : 0;
}

export const gapOf = ({ lane, epoch, from, to, reason, count, count_exact }: GapPayload): Gap => ({
  type: 'gap',
  lane,
  epoch,
  from,
  to,
  reason,
  ...(count === undefined ? {} : { count, isCountExact: count_exact ?? false }),
});

export const subscribedOf = ({ recovered, generation }: SubscribedPayload): Subscribed => ({
  type: 'subscribed',
  recovered,
  ...(generation === undefined ? {} : { generation }),
});

/** The shape that everything else relies on; what is inside a known type is the service's promise. */
export function messageOf(text: string): ServerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, payload } = value as { type?: unknown; payload?: unknown };
  if (typeof type !== 'string' || typeof payload !== 'object' || payload === null) return undefined;
  return value as ServerMessage;
}
