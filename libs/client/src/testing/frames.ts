import type {
  DataPayload,
  GapPayload,
  PositionPayload,
  SnapshotPayload,
  SubscribedPayload,
} from '@distributary/contracts';

export const LANE = 'monitoring/alerts#0';

/** Messages with speaking defaults: one lane in epoch `e1`, feed 7. */
export const subscribedTo = (id: string, rest: Partial<SubscribedPayload> = {}): SubscribedPayload => ({
  id,
  feed: 7,
  catalog_version: 3,
  positions: [{ topic: 'monitoring/alerts', partition: 0, epoch: 'e1', position: '' }],
  recovered: 'full',
  ...rest,
});

export const atPosition = (position: string): SubscribedPayload['positions'] => [
  { topic: 'monitoring/alerts', partition: 0, epoch: 'e1', position },
];

const frame = { feed: 7, lane: LANE, epoch: 'e1' };

export const event = (id: string, rest: Readonly<Record<string, unknown>> = {}) => ({ event_id: id, ...rest });

export const data = (
  prev: string,
  pos: string,
  ids: readonly string[],
  rest: Partial<DataPayload> = {},
): DataPayload => ({
  ...frame,
  prev,
  pos,
  events: ids.map((id) => event(id)),
  ...rest,
});

export const position = (prev: string, pos: string, rest: Partial<PositionPayload> = {}): PositionPayload => ({
  ...frame,
  prev,
  pos,
  ...rest,
});

export const snapshot = (
  pos: string,
  ids: readonly string[],
  last: boolean,
  rest: Partial<SnapshotPayload> = {},
): SnapshotPayload => ({ ...frame, pos, events: ids.map((id) => event(id)), last, ...rest });

export const gap = (id: string, from: string, to: string, rest: Partial<GapPayload> = {}): GapPayload => ({
  ...frame,
  id,
  from,
  to,
  reason: 'slow',
  ...rest,
});
